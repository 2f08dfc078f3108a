import { createHash } from 'node:crypto'

/** What something is called: enough to tell it from everything else. */
export type Name = (string | number)[]

/** 32 bytes that look random, and are always the same for a name. */
export const bytesOfName = (...name: Name): Buffer =>
  createHash('sha256').update(JSON.stringify(name)).digest()
