import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { command } from '../../package/command.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))

const CI = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
const PATIENCE_MS = 10 * 60_000

let installing: Promise<void> | undefined

/**
 * Installs the packages of the bench's own package.json, unless they are there.
 *
 * @throws Error of one sentence, with what npm said as its cause
 */
export function ensureInstalled(): Promise<void> {
  installing ??= installMissing()
  return installing
}

async function installMissing(): Promise<void> {
  if (await isInstalled()) return
  process.stderr.write('Installing the peers into scripts/bench/node_modules, by npm ci\n')
  try {
    /* Under `npm run`, npm could take the project's folder for its own: the prefix says which one is meant. */
    await command('npm', [...CI, '--prefix', folder], { cwd: folder, timeout: PATIENCE_MS })
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('\n').find(Boolean) ?? '') : String(error)
    throw new Error(
      `npm ci in scripts/bench failed (${said}). --peers driver mongoose mongoose-lean needs nothing installed.`,
      { cause: error },
    )
  }
}

/** npm writes this file last. It is older than the lock file after a change of that. */
async function isInstalled(): Promise<boolean> {
  const [installed, wanted] = await Promise.all(
    ['node_modules/.package-lock.json', 'package-lock.json'].map((file) =>
      stat(`${folder}${file}`).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  return installed !== undefined && wanted !== undefined && installed > 0 && installed >= wanted
}
