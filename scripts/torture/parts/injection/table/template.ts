import type { Person } from '../scene.ts'

/** Calls a verb by its name: of the store, or of a transaction. */
export type CallVerb = (verb: string, args: unknown[]) => unknown

/** One right call of a verb, with everything that it takes: payloads come in place of each part of it. */
export interface Template {
  verb: string
  /** What of the verb this is about, where there is more than one template. */
  about?: string
  args(attacker: Person): unknown[]
  /** Arguments whose texts are stored, and come back. */
  keeps?: readonly number[]
  /** Arguments that are JSON as a whole: objects. */
  json?: readonly number[]
  /** Arguments that are any value of JSON. */
  values?: readonly number[]
  /** Arguments that are a framework's own, which takes what it likes: what comes of them must not be wrong. */
  free?: readonly number[]
  /** Without options it is about everybody, and rightly so. */
  isOfAll?: boolean
  /** How it is called, where not with the arguments as they are. */
  call?(verb: CallVerb, args: unknown[]): unknown
}

/** What is waited for, or cannot be looked at, is the caller's own affair: within an object it is not. */
function inert(value: unknown): unknown {
  try {
    return typeof Object(value).then === 'function' ? { odd: value } : value
  } catch {
    return { odd: value }
  }
}

/** Gives what the payload has become as a callback's word. */
export const byFunction =
  (verb: string): NonNullable<Template['call']> =>
  (call, [userId, value, ...rest]) =>
    call(verb, [userId, () => inert(value), ...rest])
