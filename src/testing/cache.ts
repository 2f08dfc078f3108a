import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { claim } from './claim.ts'
import { keep } from './keeper.ts'

const WORK = 'tmp-'

/**
 * Where fetched files are kept, for all projects of a user: `DIALOGUE_STORE_CACHE`, or a directory in the
 * system's place for caches.
 */
function cacheDirectory(): string {
  const { DIALOGUE_STORE_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (DIALOGUE_STORE_CACHE) return resolve(DIALOGUE_STORE_CACHE)
  const told = process.platform === 'win32' ? LOCALAPPDATA : XDG_CACHE_HOME
  return join(told && isAbsolute(told) ? told : join(homedir(), ...usualCache()), 'dialogue-store')
}

function usualCache(): string[] {
  if (process.platform === 'darwin') return ['Library', 'Caches']
  return process.platform === 'win32' ? ['AppData', 'Local'] : ['.cache']
}

interface Made {
  /** A folder of the cache. */
  entry: string
  /** What is to be in it. */
  name: string
  /** Called once if another process makes it. */
  onWait(): void
  /** Makes it in `work`, and moves it to `target` when it is complete. A `*.pid` file in `work` names a helper. */
  make(work: string, target: string): Promise<void>
}

/**
 * The path of something in the cache, which is made if it isn't there. Processes that ask for the same at once wait
 * for one of them. It appears complete, or not at all: also if this process is killed.
 */
export async function makeOnce({ entry, name, onWait, make }: Made): Promise<string> {
  const directory = join(cacheDirectory(), entry)
  const target = join(directory, name)
  const isDone = () => existsSync(target)
  if (isDone()) return target
  await mkdir(directory, { recursive: true })
  const claimed = await claim(join(directory, 'claim'), { isDone, onWait })
  if (!claimed) return target

  const work = join(directory, `${WORK}${randomUUID()}`)
  const keeper = keep([work, ...claimed.files])
  try {
    await sweep(directory)
    await mkdir(work)
    await make(work, target)
  } finally {
    claimed.end()
    await keeper.release()
  }
  return target
}

/** Who holds the claim is alone: what others have begun here, they have not finished, and won't. */
async function sweep(directory: string): Promise<void> {
  const left = (await readdir(directory)).filter((name) => name.startsWith(WORK))
  for (const name of left) await rm(join(directory, name), { recursive: true, force: true })
}
