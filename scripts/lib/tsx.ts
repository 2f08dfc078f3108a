import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** For `--import`: with it, Node runs a program of TypeScript, from whatever folder. */
export const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
