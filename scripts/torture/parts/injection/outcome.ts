import { setTimeout as pause } from 'node:timers/promises'
import { inspect } from 'node:util'
import { DialogueStoreError, type ErrorCode } from '../../../../src/index.ts'
import { CANARY } from './scene.ts'

/** What a call came to. */
export type Outcome = { given: unknown } | { error: unknown; isAtOnce?: boolean } | { never: true }

const PATIENCE_MS = 30_000
/** For who follows: nothing need ever come. */
const FOLLOWED_MS = 60
const SHOWN_ITEMS = 5

/** Makes a call, and takes what it gives, or the first of it. */
export async function outcomeOf(call: () => unknown): Promise<Outcome> {
  let result: unknown
  try {
    result = call()
  } catch (error) {
    return { error, isAtOnce: true }
  }
  let timer: NodeJS.Timeout | undefined
  const never = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ never: true }), PATIENCE_MS)
  })
  try {
    return await Promise.race([taken(result), never])
  } finally {
    clearTimeout(timer)
  }
}

async function taken(result: unknown): Promise<Outcome> {
  try {
    return { given: isIterable(result) ? await firstOf(result) : await result }
  } catch (error) {
    return { error }
  }
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

async function firstOf(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const iterator = items[Symbol.asyncIterator]()
  const first: unknown[] = []
  while (first.length < SHOWN_ITEMS) {
    const next = await Promise.race([iterator.next(), pause(FOLLOWED_MS, undefined)])
    if (!next || next.done) break
    first.push(next.value)
  }
  await iterator.return?.()
  return first
}

/** Codes that blame the server for what the caller gave. */
const NOT_THE_CALLERS: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'TIMEOUT', 'STORE_CLOSED'])

/** What is wrong with an error, if anything: it has to be typed, and to blame whom it should. */
export function wrongError(error: unknown): string | undefined {
  if (!(error instanceof DialogueStoreError)) return `it ended with ${textOf(error)}`
  if (NOT_THE_CALLERS.has(error.code))
    return `it ended with ${error.code}: ${error.cause?.stack ?? error.message}`
  return showsCanary([error.message, JSON.stringify(error)]) ? 'the error shows the bystander' : undefined
}

/** Of what failed in some way of its own: even that may be a trap. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack).slice(0, 600) : inspect(error)
  } catch {
    return 'something that cannot be shown'
  }
}

/** Of a bulk, the errors are in what it gives. */
export const errorsIn = (given: unknown): unknown[] =>
  Array.isArray(given) ? given.filter((one) => one?.status === 'rejected').map(({ error }) => error) : []

export const showsCanary = (given: unknown): boolean => shown(given).includes(CANARY)

/** Whether a text is in it as it is. */
export function holds(given: unknown, text: string): boolean {
  if (given === text) return true
  if (typeof given !== 'object' || given === null) return false
  return Object.entries(given).some(([key, value]) => key === text || holds(value, text))
}

const shown = (given: unknown): string => JSON.stringify(given) ?? ''
