import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** A script under way, as `npm run` starts it, with pipes for a terminal. */
export interface Running {
  child: ChildProcessWithoutNullStreams
  ended: Promise<Outcome>
  /** Resolves when it has written that text; rejects when it ends without. */
  says(text: string): Promise<void>
}

/** `CI` and `FORCE_COLOR`: even there, a pipe gets no control characters. */
const SURROUNDINGS = { CI: 'true', FORCE_COLOR: '1', NO_COLOR: undefined, NODE_OPTIONS: undefined }

export type Script = 'bench' | 'demo' | 'import' | 'seed'

export function startScript(script: Script, args: string[], env: NodeJS.ProcessEnv = {}): Running {
  const path = join(root, 'scripts', `${script}.ts`)
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    cwd: root,
    env: { ...process.env, ...SURROUNDINGS, ...env },
  })
  const written = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text
  })
  const ended = once(child, 'close').then(([code]): Outcome => ({ code, ...written }))
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if ((written.stdout + written.stderr).includes(text)) resolve()
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      ended.then(
        ({ stderr }) => reject(new Error(`${script} ended without saying ${text}: ${stderr}`)),
        reject,
      )
      look()
    })
  return { child, ended, says }
}

export const runScript = (script: Script, args: string[], env: NodeJS.ProcessEnv = {}) =>
  startScript(script, args, env).ended

/** Any control character but the end of a line. */
export const CONTROL = /(?!\n)\p{Cc}/u

/** A server that nobody runs, and a password that nobody may see. */
export const NOWHERE = 'mongodb://somebody:s3cret@127.0.0.1:1/bot?replicaSet=rs0'
