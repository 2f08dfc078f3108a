import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Base, Heard, Kind } from './calls.ts'

/** What a writer notes before a call. */
export interface Begun {
  call: string
  kind: Kind
  base: Base
  userId: string
  /** Names what is written: all calls that deliver the same have the same. */
  key: string
  /** Microseconds on a clock that all processes of the machine share. */
  begun: number
}

/** And after it. */
export interface Ended {
  call: string
  heard: Heard
  ended: number
}

type Line = Begun | Ended

export const now = (): number => Number(process.hrtime.bigint() / 1000n)

/** Where a writer notes its calls: outside of itself and of the server, on the disk before it goes on. */
export interface Ledger {
  note(lines: Line[]): Promise<void>
  close(): Promise<void>
}

export async function openLedger(path: string): Promise<Ledger> {
  const file = await open(path, 'a')
  /* The line in the middle of which the writer before us died ends here. */
  let waiting = ['\n']
  let last: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  /** What concurrent callers note goes to the disk together. */
  async function flush(): Promise<void> {
    const text = waiting.join('')
    waiting = []
    next = undefined
    await file.appendFile(text)
    await file.datasync()
  }

  return {
    note(lines) {
      waiting.push(...lines.map((line) => `${JSON.stringify(line)}\n`))
      next ??= last = last.then(flush)
      return next
    },
    async close() {
      await last
      await file.close()
    },
  }
}

/** A call as noted: without an end, its writer died before it heard anything. */
export type Call = Begun & Partial<Ended>

/** All calls that are noted in a ledger, in the order of their beginning. */
export async function readLedger(path: string): Promise<Call[]> {
  const calls = new Map<string, Call>()
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const line = parsed(text)
    if (!line) continue
    if ('key' in line) calls.set(line.call, line)
    else Object.assign(calls.get(line.call) ?? {}, line)
  }
  return [...calls.values()]
}

/** Undefined for a line that is not whole: what it was to say was not relied on. */
function parsed(text: string): Line | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
