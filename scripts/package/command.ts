import { execFile } from 'node:child_process'

interface Where {
  cwd: string
  /** On top of this process's own; undefined takes a variable away. */
  env?: Record<string, string | undefined>
  /** Default two minutes. */
  timeout?: number
}

/**
 * Runs a command to its end.
 *
 * @returns what it wrote to standard output
 * @throws Error with all that it wrote
 */
export function command(
  file: string,
  args: string[],
  { cwd, env = {}, timeout = 120_000 }: Where,
): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env }, timeout, maxBuffer: 2 ** 26 }
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const said = [stdout, stderr].map((text) => text.trim()).filter(Boolean)
      reject(new Error(said.join('\n') || error.message))
    })
    child.stdin?.end()
  })
}

const QUIET = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']

/** Installs packages into a folder, which becomes a project of its own. */
export async function install(cwd: string, packages: string[]): Promise<void> {
  await command('npm', ['install', ...QUIET, ...packages], { cwd })
}
