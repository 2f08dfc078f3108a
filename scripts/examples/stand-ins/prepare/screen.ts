import { createInterface } from 'node:readline'
import type { Defer } from '../../../lib/run.ts'

const LABEL = 10

export const row = (label: string, text: string): void => print(`${label.padEnd(LABEL)}${text}`)

/** What a bot says. */
export const saidBy = (who: string, text: string): void => print(text.replace(/^/gm, `${who}: `))

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Each line that is typed is something that somebody says. */
export function onLine(say: (line: string) => void, defer: Defer): void {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => line.trim() && say(line.trim()))
  defer(async () => lines.close())
}
