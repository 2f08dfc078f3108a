import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPackage } from './package/build.ts'

/** What is published, in dist/. */
const root = fileURLToPath(new URL('..', import.meta.url))

await buildPackage(root, join(root, 'dist'))
