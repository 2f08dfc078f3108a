import { statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../lib/random.ts'
import { type Spawned, spawnProgram } from '../../spawned.ts'
import type { Base } from './calls.ts'

/** Whose documents are written in a database. */
export interface Crowd {
  dbName: string
  /** Users whose context grows by a key with each write. */
  merging: string[]
  /** Users whose context is replaced by each write. */
  replacing: string[]
}

/** What a writer is told when it begins. */
export interface Assignment {
  name: string
  uri: string
  ledger: string
  seed: number
  timeoutMs: number
  crowds: Record<Base, Crowd>
}

/** What it is told later. */
export type Message = { stop: true } | { deliverAgain: string }

interface Needs {
  /** The file of the program. */
  program: string
  uri: string
  /** Of the ledger, looked after by a keeper. */
  folder: string
  crowds: Record<Base, Crowd>
  random: Random
}

/** The patience of a caller: those who have little meet errors. */
const PATIENCE_MS = [3000, 10_000, 30_000]
const STOPPING_MS = 60_000

export type Seat = Awaited<ReturnType<typeof takeSeat>>

/** One writer after the other, with one ledger. */
export async function takeSeat(name: string, { program, uri, folder, crowds, random }: Needs) {
  const ledger = join(folder, `${name}.ledger`)
  await writeFile(ledger, '')
  let writers = 0
  let current = await begin()

  async function begin(): Promise<Spawned> {
    const assignment: Assignment = {
      name: `${name}-${writers++}`,
      uri,
      ledger,
      seed: random.below(2 ** 32),
      timeoutMs: random.pick(PATIENCE_MS),
      crowds,
    }
    const writer = await spawnProgram(program, [JSON.stringify(assignment)], join(folder, `${name}.pid`))
    await writer.next()
    return writer
  }

  return {
    ledger,
    /** Bytes that are noted. */
    written: () => statSync(ledger).size,
    /**
     * Kills the writer wherever it is, and lets the next one begin.
     * @throws Error if it had ended by itself
     */
    async restart(): Promise<void> {
      current.signal('SIGKILL')
      const { code, signal } = await current.ended
      if (signal !== 'SIGKILL') throw new Error(`A writer had ended by itself (${code}): ${current.said()}`)
      current = await begin()
    },
    signal: (signal: NodeJS.Signals) => current.signal(signal),
    /** The writer also delivers what another one has no answer to. */
    deliverAgain: (other: string) => current.send({ deliverAgain: other } satisfies Message),
    /** @throws Error if the writer did not end well */
    async stop(): Promise<void> {
      current.send({ stop: true } satisfies Message)
      const ended = await Promise.race([current.ended, pause(STOPPING_MS, undefined, { ref: false })])
      if (ended?.code === 0) return
      current.signal('SIGKILL')
      throw new Error(`A writer did not end well (${JSON.stringify(ended)}): ${current.said()}`)
    },
  }
}
