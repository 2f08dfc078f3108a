import type { z } from 'zod'
import { parseOptions } from '../config.ts'
import { connect } from '../connect.ts'
import { optionOf } from '../db/command-line.ts'
import { createDatabase, type Database } from '../db/database.ts'
import { DialogueStoreError } from '../errors.ts'
import { parse } from '../input.ts'
import { interruptible } from './interrupt.ts'

/** What a command works with. */
export interface Task {
  database: Database
  /** Only say what would happen. */
  dryRun: boolean
  /** Aborted at Ctrl-C. */
  signal: AbortSignal
}

export interface Result {
  /** For programs. */
  data: Record<string, unknown>
  /** For people. */
  lines: string[]
  /** What the command found to be wrong. */
  error?: DialogueStoreError
  /** What the command found is bad news, though all went well. */
  isBad?: boolean
}

export interface DatabaseOptions {
  uri: string
  db?: string
  prefix?: string
}

/** The command line itself was wrong. */
export class UsageError extends Error {}

/** Connects, works, and closes, also after Ctrl-C. */
export async function withDatabase(
  { uri, db, prefix }: DatabaseOptions,
  work: (given: Pick<Task, 'database' | 'signal'>) => Promise<Result>,
): Promise<Result> {
  const { config, connected } = await asUsage(
    async () => {
      const config = parseOptions({ uri, dbName: db, prefix })
      return { config, connected: await connect(config) }
    },
    { dbName: 'db' },
  )
  const { connection, release } = connected
  const { signal, release: stopListening } = interruptible()
  try {
    return await work({ database: createDatabase(connection, config.prefix, config.timeoutMs), signal })
  } catch (error) {
    /* What a timer, or whatever else was told to stop, says of it is not the reason. */
    signal.throwIfAborted()
    throw error
  } finally {
    stopListening()
    await release()
  }
}

/** Checks options by the schema of what they mean. */
export const parseArguments = <S extends z.ZodType>(schema: S, value: unknown): Promise<z.output<S>> =>
  asUsage(async () => parse(schema, value), { kind: 'to' })

/** Says what is wrong with an input in terms of the command line. */
async function asUsage<T>(read: () => Promise<T>, names: Record<string, string>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof DialogueStoreError) || !error.issues) throw error
    const reasons = error.issues.map(({ path, reason }) => {
      const field = String(path[0] ?? '')
      return `${optionOf(names[field] ?? field)} ${reason}`
    })
    throw new UsageError(`${reasons.join('; ')}.`)
  }
}
