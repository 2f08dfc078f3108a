import { symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { buildSync } from 'esbuild'

/**
 * One file of a program and all that it imports of ours, which starts in a quarter of the time.
 *
 * @param folder gets the file, and a link to the packages
 */
export function bundleProgram(entry: string, folder: string): string {
  const packages = dirname(dirname(createRequire(import.meta.url).resolve('mongoose/package.json')))
  symlinkSync(packages, join(folder, 'node_modules'))
  const outfile = join(folder, `${basename(entry, '.ts')}.mjs`)
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
  })
  return outfile
}
