import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'

/** A program of ours in a process of its own, to which signals and messages can be sent. */
export interface Spawned {
  signal(signal: NodeJS.Signals): void
  send(message: object): void
  /**
   * The next message that it sends.
   * @throws Error if it ends instead
   */
  next<T>(): Promise<T>
  /** The end of what it has written to stderr. */
  said(): string
  /** How it ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/**
 * Runs a file of JavaScript. The program should end by itself when its parent is gone, at `disconnect`; one that may
 * be frozen then is ended by a keeper.
 *
 * @param pidFile in a directory that a keeper looks after, and that `args` name too
 */
export async function spawnProgram(file: string, args: string[], pidFile?: string): Promise<Spawned> {
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, NODE_OPTIONS: undefined },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  /* Sent to one that has just been killed. */
  child.on('error', () => {})
  await once(child, 'spawn')
  const death = ended.then(({ code, signal }) => {
    throw new Error(`${basename(file)} ended (${signal ?? code}): ${said}`)
  })
  death.catch(() => {})
  if (pidFile) writeFileSync(pidFile, String(child.pid))
  return {
    signal: (signal) => void child.kill(signal),
    send: (message) => void child.send(message, () => {}),
    async next() {
      const [message] = await Promise.race([once(child, 'message'), death])
      return message
    },
    said: () => said,
    ended,
  }
}
