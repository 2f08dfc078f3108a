import { DialogueStoreError, type ErrorCode } from 'dialogue-store'

/** What is to be expected of a verb, and not an accident. */
export const hasCode = (error: unknown, ...codes: ErrorCode[]): boolean =>
  error instanceof DialogueStoreError && codes.includes(error.code)
