import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const BEAT_MS = 2000
const EXPIRES_MS = 15_000
const POLL_MS = 100

export interface Claim {
  /** To be removed, in this order, when the work is over. */
  files: string[]
  /** Stops the heartbeat. The files are the caller's to remove. */
  end(): void
}

interface Wanted {
  /** The work has been done by whomever: no claim is needed. */
  isDone(): boolean
  /** Called once if another process works. */
  onWait(): void
}

/**
 * Claims a piece of work among the processes that share a directory, or waits until it is done.
 *
 * A claim is a file `<base>.<n>`, created atomically. It is abandoned if its process is dead, or (of another
 * machine or container, where a pid says nothing) when its time of change is not renewed. An abandoned claim
 * n is superseded by the atomic creation of n + 1, not removed: of two that saw it, one could remove the new
 * claim of the other.
 *
 * @returns undefined when the work is done
 */
export async function claim(base: string, { isDone, onWait }: Wanted): Promise<Claim | undefined> {
  for (let waits = 0; !isDone(); waits++) {
    const files = await tryClaim(base)
    if (files) {
      if (!isDone()) return kept(files)
      await Promise.all(files.map((file) => rm(file, { force: true })))
      return undefined
    }
    if (waits === 0) onWait()
    await pause(POLL_MS)
  }
  return undefined
}

async function tryClaim(base: string): Promise<string[] | undefined> {
  const latest = await latestOf(base)
  if (latest >= 0 && !(await isAbandoned(`${base}.${latest}`))) return undefined
  const owner: Owner = { host: hostname(), pid: process.pid }
  try {
    await writeFile(`${base}.${latest + 1}`, JSON.stringify(owner), { flag: 'wx' })
  } catch (error) {
    if (isCode(error, 'EEXIST')) return undefined
    throw error
  }
  return Array.from({ length: latest + 2 }, (_, n) => `${base}.${n}`)
}

async function latestOf(base: string): Promise<number> {
  const prefix = `${basename(base)}.`
  const names = await readdir(dirname(base))
  const numbers = names
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
  return Math.max(-1, ...numbers.filter(Number.isInteger))
}

function kept(files: string[]): Claim {
  const own = files.at(-1) ?? ''
  const beat = setInterval(() => void utimes(own, new Date(), new Date()).catch(() => {}), BEAT_MS).unref()
  return { files, end: () => clearInterval(beat) }
}

interface Owner {
  host: string
  pid: number
}

async function isAbandoned(file: string): Promise<boolean> {
  try {
    const [{ mtimeMs }, text] = await Promise.all([stat(file), readFile(file, 'utf8')])
    if (Date.now() - mtimeMs > EXPIRES_MS) return true
    // Between its creation and the writing of its text a claim is empty, and new.
    if (text === '') return false
    const { host, pid }: Owner = JSON.parse(text)
    return host === hostname() && !isAlive(pid)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return isCode(error, 'EPERM')
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
