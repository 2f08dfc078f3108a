import { setTimeout as pause } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'

/** Says how to close what was opened. */
export type Defer = (close: () => Promise<unknown>) => void

const GRACE_MS = 300

/**
 * Runs a script: says an error in one sentence, and closes what was opened, the latest first, at the end or on
 * Ctrl-C.
 * @param hint what to do after Ctrl-C
 */
export async function run(name: string, work: (defer: Defer) => Promise<void>, hint = ''): Promise<void> {
  const { defer, close } = createClosers()
  let interrupted = false
  const working = work(defer)
  const leave = async (code: number) => {
    interrupted = true
    await close().catch(() => {})
    /* What works on closed things fails, and restores the terminal. */
    await Promise.race([working.catch(() => {}), pause(GRACE_MS)])
    if (code > 0) process.stderr.write(`${name}: interrupted${hint}\n`)
    process.exit(code)
  }
  process.once('SIGINT', () => leave(130))
  process.once('SIGTERM', () => leave(143))
  /* `| head` has seen enough. */
  process.stdout.on('error', () => leave(0))
  try {
    await working
    await close()
  } catch (error) {
    if (interrupted) return
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
    await close().catch(() => {})
  }
}

/** What was opened, and how to close all of it, the latest first, once. */
export function createClosers(): { defer: Defer; close: () => Promise<void> } {
  const closers: (() => Promise<unknown>)[] = []
  let closing: Promise<void> | undefined
  const unwind = async () => {
    for (let close = closers.pop(); close; close = closers.pop()) await close()
  }
  return {
    defer: (one) => void closers.push(one),
    close() {
      closing ??= unwind()
      return closing
    },
  }
}

const WRONG_USAGE = 2

/** A command line, whose mistakes end with code 2. */
export const createProgram = (name: string, description: string): Command =>
  new Command(`npm run ${name} --`)
    .description(description)
    .exitOverride(({ exitCode }) => process.exit(exitCode && WRONG_USAGE))
    .showHelpAfterError('(--help says more)')

/** A whole number within bounds, as commander takes it from the command line. */
export const integer =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
