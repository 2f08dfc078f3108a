import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, jest } from '@jest/globals'
import { TSX } from '../../../scripts/lib/tsx.ts'
import { testServer } from '../../../src/testing/index.ts'

/* Programs are started and waited for, which takes a slow machine its time. */
jest.setTimeout(240_000)

const root = fileURLToPath(new URL('../../..', import.meta.url))
const COMMAND = fileURLToPath(new URL('../../../scripts/example.ts', import.meta.url))

/** An example under way, as `npm run example` starts it. */
export interface Example {
  child: ChildProcessWithoutNullStreams
  stdout(): string
  stderr(): string
  /** The line of its log with that message. Rejects when it ends without. */
  logged(message: string): Promise<Record<string, unknown>>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** What a test has started, ended with its file: the latest first. */
const closers: (() => Promise<unknown>)[] = []
export const whenDone = (close: () => Promise<unknown>): void => void closers.push(close)
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** What the machine that runs the tests may have, and an example must not take for its own. */
const NOT_OURS = ['NODE_OPTIONS', 'GOOGLE_REFRESH_TOKEN', 'TIMEZONE', 'LOG_LEVEL', 'CHAT_NAME'] as const

export function startExample(args: string[], env: NodeJS.ProcessEnv = {}): Example {
  const without = Object.fromEntries(NOT_OURS.map((name) => [name, undefined]))
  const child = spawn(process.execPath, ['--import', TSX, COMMAND, ...args], {
    cwd: root,
    env: { ...process.env, ...without, ...env },
  })
  const written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      written[stream] += text
    })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  const find = (message: string) =>
    written.stderr
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): Record<string, unknown> => JSON.parse(line))
      .find(({ msg }) => msg === message)
  const example: Example = {
    child,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    async logged(message) {
      await until(() => isOver || find(message) !== undefined, `the example logs "${message}"`)
      const line = find(message)
      if (!line) throw new Error(`The example ended without "${message}": ${written.stderr}`)
      return line
    },
    ended,
  }
  whenDone(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return example
}

const PATIENCE_MS = 90_000

/** @throws Error if it does not come true on the slowest machine */
export async function until(condition: () => unknown, what: string, patienceMs = PATIENCE_MS): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !(await condition()); await pause(20))
    if (Date.now() > deadline) throw new Error(`This did not come true: ${what}`)
}

/** Of a database on the server of the tests. */
export async function uriOf(dbName: string): Promise<string> {
  const uri = new URL((await testServer()).uri)
  uri.pathname = `/${dbName}`
  return uri.href
}
