import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeOnce } from '../../../../src/testing/cache.ts'
import { runChild } from './child.ts'

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')
/** Another one is another environment. */
const WHICH = 'import sys; print(sys.executable, sys.version)'

/**
 * The Python of a virtual environment with what requirements.txt names. It is made once, and kept in the cache.
 *
 * @throws Error saying what to install
 */
export async function findPython(): Promise<string> {
  const which = await promisify(execFile)('python3', ['-c', WHICH]).catch(() => {
    throw new Error('there is no python3 here. Debian: apt-get install python3-venv')
  })
  const hash = createHash('sha256')
    .update(which.stdout)
    .update(await readFile(REQUIREMENTS))
  const environment = await makeOnce({
    entry: `bench-django-${hash.digest('hex').slice(0, 12)}`,
    name: 'venv',
    onWait: () => say('waiting for another process, which installs Django'),
    make: installIn,
  })
  return join(environment, 'bin', 'python')
}

async function installIn(work: string, target: string): Promise<void> {
  say('installing Django, once')
  const environment = join(work, 'venv')
  const options = { keptIn: work, cwd: work, env: { TMPDIR: work } }
  await runChild('python3', ['-m', 'venv', environment], options).catch(() => {
    throw new Error('python3 makes no virtual environment. Debian: apt-get install python3-venv')
  })
  const pip = ['-m', 'pip', 'install', '--no-input', '--requirement', REQUIREMENTS]
  await runChild(join(environment, 'bin', 'python'), pip, options)
  /* Its scripts name the old place, but nobody calls them: `python -m` and imports don't. */
  await rename(environment, target)
}

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`)
