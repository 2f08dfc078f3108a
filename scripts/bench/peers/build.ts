import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildPackage } from '../../package/build.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/* Not dist/, which others may be using. Below the root's packages, so that it finds them. */
const folder = join(root, 'node_modules/.cache/dialogue-store-bench')

type Package = typeof import('../../../src/index.ts')

let building: Promise<string> | undefined

/** Where the package begins, as a URL, once it is built. */
export function builtEntry(): Promise<string> {
  building ??= build()
  return building
}

/**
 * The package as those have it who install it: what runs scripts from their sources names each function anew whenever
 * it is made, which a bot doesn't pay for.
 */
export const builtPackage = async (): Promise<Package> => import(await builtEntry())

async function build(): Promise<string> {
  await buildPackage(root, folder)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  return pathToFileURL(join(folder, 'index.js')).href
}
