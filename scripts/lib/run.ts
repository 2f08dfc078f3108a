import { existsSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'

/** Says how to close what was opened. */
export type Defer = (close: () => Promise<unknown>) => void

/**
 * Runs a script: reads `.env` of the current folder, says an error in one sentence, and closes what was
 * opened, the latest first, at the end or on Ctrl-C.
 */
export async function run(name: string, work: (defer: Defer) => Promise<void>): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile()
  const closers: (() => Promise<unknown>)[] = []
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= unwind(closers)
    return closing
  }
  let interrupted = false
  const leave = (code: number) => {
    interrupted = true
    if (code > 0) process.stderr.write(`${name}: interrupted\n`)
    const exit = () => process.exit(code)
    close().then(exit, exit)
  }
  process.once('SIGINT', () => leave(130))
  process.once('SIGTERM', () => leave(143))
  /* `| head` has seen enough. */
  process.stdout.on('error', () => leave(0))
  try {
    await work((one) => void closers.push(one))
    await close()
  } catch (error) {
    /* After an interruption, things fail because they were closed. */
    if (interrupted) return
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
    await close().catch(() => {})
  }
}

async function unwind(closers: (() => Promise<unknown>)[]): Promise<void> {
  for (let close = closers.pop(); close; close = closers.pop()) await close()
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
