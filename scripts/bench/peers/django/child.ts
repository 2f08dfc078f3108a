import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface ChildOptions extends Pick<SpawnOptions, 'cwd' | 'uid' | 'gid' | 'env'> {
  /** That a keeper looks after: it finds the process by a file in it, and by its path in `args`. */
  keptIn: string
  /** The keeper asks it to leave, by SIGQUIT, and doesn't kill it. */
  quits?: boolean
}

export interface Child {
  process: ChildProcess
  /** The end of what it has written to stderr. */
  said(): string
  /** Resolves with its exit code when it has ended, whichever way. */
  ended: Promise<number | null>
}

/** Of the user's variables, none that would lead to their own server, or to their own Python packages. */
const surroundings = (): NodeJS.ProcessEnv => {
  const foreign = ([name]: [string, unknown]) => !/^(PG[A-Z]+|PYTHON[A-Z]+)$/.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(foreign))
}

/** Starts a process out of the terminal's foreground group: a Ctrl-C is the bench's to handle. */
export async function startChild(
  command: string,
  args: string[],
  { keptIn, quits = false, env, ...options }: ChildOptions,
): Promise<Child> {
  const child = spawn(command, args, {
    ...options,
    detached: true,
    env: { ...surroundings(), PYTHONDONTWRITEBYTECODE: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close').then(
    ([code]) => (typeof code === 'number' ? code : null),
    () => null,
  )
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  child.stdin.on('error', () => {})
  await once(child, 'spawn')
  if (child.pid !== undefined)
    writeFileSync(join(keptIn, `${child.pid}${quits ? '.quit' : ''}.pid`), String(child.pid))
  return { process: child, said: () => said, ended }
}

/**
 * Runs a process to its end.
 *
 * @throws Error with the end of what it says
 */
export async function runChild(command: string, args: string[], options: ChildOptions): Promise<void> {
  const child = await startChild(command, args, options)
  child.process.stdin?.end()
  child.process.stdout?.resume()
  if ((await child.ended) !== 0) throw new Error(`${basename(command)} failed: ${lastOf(child.said())}`)
}

/** What ended it, on one line. */
export const lastOf = (text: string): string => text.trim().split('\n').slice(-3).join(' ')
