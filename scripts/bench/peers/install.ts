import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { command } from '../../package/command.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))

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
    /* Under `npm run`, npm would take the folder of that for its own. */
    await command('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: folder,
      env: { npm_config_local_prefix: undefined },
    })
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('\n').find(Boolean) ?? '') : String(error)
    throw new Error(
      `The peers could not be installed: npm ci in scripts/bench failed (${said}). --peers store driver mongoose mongoose-lean needs none of them.`,
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
