import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isRecord, type Json } from './resource.ts'

/** Tokens that say something to the server alone, and that nobody else can make. */
export interface Tokens {
  seal(content: Json): string
  /** undefined for what this server did not seal */
  open(token: string): Json | undefined
}

export function createTokens(): Tokens {
  const key = randomBytes(16)
  const signatureOf = (text: string) => createHmac('sha256', key).update(text).digest().subarray(0, 9)
  return {
    seal(content) {
      const text = JSON.stringify(content)
      return Buffer.concat([signatureOf(text), Buffer.from(text)]).toString('base64url')
    },
    open(token) {
      const bytes = Buffer.from(token, 'base64url')
      const text = bytes.subarray(9).toString()
      if (bytes.length < 9 || !timingSafeEqual(bytes.subarray(0, 9), signatureOf(text))) return undefined
      const content: unknown = JSON.parse(text)
      return isRecord(content) ? content : undefined
    },
  }
}
