import type { DialogueStoreError } from '../errors.ts'
import type { Result } from './task.ts'

/** One line for whoever watches; never part of the result. */
export const say = (text: string): void => {
  process.stderr.write(`dialogue-store: ${text}\n`)
}

const toJson = ({ code, message }: DialogueStoreError) => ({ error: { code, message } })

const write = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

export function showResult({ data, lines, error }: Result, json: boolean): void {
  if (json) write(JSON.stringify({ ...data, ...(error && toJson(error)) }, null, 2))
  else for (const line of lines) write(line)
  if (error) say(error.message)
}

export function showError(error: DialogueStoreError, json: boolean): void {
  if (json) write(JSON.stringify(toJson(error), null, 2))
  say(error.message)
}

/** One column under the other. */
export function table(rows: string[][]): string[] {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(cell.length, widest[column] ?? 0)),
    [],
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

export const count = (n: number): string => n.toLocaleString('en')
