import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll } from '@jest/globals'

export interface Ended {
  /** Null if a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
  /** What it has said on standard error so far. */
  said(): string
}

const started = new Set<ChildProcess>()
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** Starts the command line as `npm run migrate -- …` does, in a process of its own. */
export function start(args: string[], environment: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/migrate.ts', ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      started.delete(child)
      resolve({ code, stdout, stderr })
    })
  })
  return { child, ended, said: () => stderr }
}

/** Runs it to its end. */
export const command = (args: string[], environment?: NodeJS.ProcessEnv): Promise<Ended> =>
  start(args, environment).ended

/** Polls until it holds. */
export async function until(condition: () => Promise<boolean> | boolean, ms = 40_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`still not so after ${ms} ms: ${condition}`)
    await sleep(5)
  }
}
