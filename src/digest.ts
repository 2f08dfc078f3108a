import { createHash } from 'node:crypto'

/** Of a text that may be long, or that nobody is to read. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')
