import type mongoose from 'mongoose'
import type { ModelDefinition } from '../../../../src/db/definition.ts'
import { DialogueStoreError } from '../../../../src/index.ts'
import { journal } from '../../../../src/messages/entry.ts'
import { seen } from '../../../../src/messages/schema.ts'
import { MODELS } from '../../../../src/migrations/baseline.ts'
import { locks } from '../../../../src/users/lock.ts'

/** Leases, claims and entries tell how something was done, not what. */
const BOOKS: ModelDefinition[] = [journal, seen, locks]
const NAMES = MODELS.filter((model) => !BOOKS.includes(model)).map(({ collection }) => collection)
/** What tells how often something was tried, but not what is stored. */
const INCIDENTAL = new Set([
  ...['ops', 'op', 'touches', 'filledBy', 'fences'],
  ...['owner', 'until', 'etag', 'sequence', 'looks', 'attempts'],
])
/** What servers write out once a collection was changed. */
const DEFAULTS = new Map([
  ['validationLevel', 'strict'],
  ['validationAction', 'error'],
])
/** Places and tokens, of which only whether there is one can be compared; and what a server measures. */
const OPAQUE = new Set([
  'cursor',
  'older',
  'newer',
  'live',
  'resume',
  'nextCursor',
  'covers',
  'sizeBytes',
  'fill',
  'uuid',
  'token',
  'syncToken',
  'resourceId',
  'htmlLink',
  'expiresAt',
])
const isPlace = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || value instanceof Date
/** Ids, keys that are hashes, channels at Google, and whose calendar it is. */
const NAMED =
  /(?<![\w-])(?:[\w-]{43}|[0-9a-f-]{36})(?![\w-])|(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])|somebody-\d+/g
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g
const LATELY_MS = 3_600_000

/**
 * Something as text, so that it can be compared with what the same came to another time: ids are numbered in the
 * order of their coming, and dates of these days are all one.
 */
export function inWords(value: unknown): string {
  const numbers = new Map<string, string>()
  const numberOf = (id: string) => {
    const number = numbers.get(id) ?? `#${numbers.size + 1}`
    numbers.set(id, number)
    return number
  }
  const say = (one: unknown): unknown => {
    if (typeof one === 'string') return one.replaceAll(NAMED, numberOf).replaceAll(TIME, timeInWords)
    if (one instanceof Date) return timeInWords(one.toISOString())
    if (Array.isArray(one)) return one.map(say)
    if (typeof one !== 'object' || one === null) return one
    if ('toHexString' in one) return numberOf(String(one))
    const told = Object.entries(one).filter(
      ([key, inner]) => !INCIDENTAL.has(key) && DEFAULTS.get(key) !== (inner ?? ''),
    )
    return Object.fromEntries(
      told.map(([key, inner]) => [key, OPAQUE.has(key) && isPlace(inner) ? 'some' : say(inner)]),
    )
  }
  return JSON.stringify(say(value))
}

const timeInWords = (time: string): string =>
  Math.abs(Date.now() - Date.parse(time)) < LATELY_MS ? 'now' : time

/** All that is stored of users, and how many entries nobody has settled. */
export async function storedIn(db: mongoose.mongo.Db): Promise<string> {
  /* What is stored in a second attempt has a later id than what went through in the first. */
  const lists = NAMES.map(async (name) => [
    name,
    await db.collection(`dialogue_${name}`).find().sort({ content: 1, key: 1, _id: 1 }).toArray(),
  ])
  const stored = Object.fromEntries(await Promise.all(lists))
  const owed = await db.collection('dialogue_journal').countDocuments({ settled: { $exists: false } })
  return inWords({ ...stored, owed })
}

/** Collections with their options and indexes, what the library keeps of itself, and all that is stored. */
export async function shapeOf(db: mongoose.mongo.Db): Promise<string> {
  const infos = await db.listCollections().toArray()
  const collections = await Promise.all(
    infos
      .filter(({ name }) => !name.startsWith('system.'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(async ({ name, ...info }) => {
        const indexes = await db.collection(name).indexes()
        return { name, options: 'options' in info && info.options, indexes: indexes.sort(byName) }
      }),
  )
  const meta = await db.collection('dialogue_meta').find().sort({ _id: 1 }).toArray()
  const kept = meta.filter(({ _id }) => !['upkeep', 'lease'].includes(String(_id)))
  return `${inWords({ collections, kept })}${await storedIn(db)}`
}

const byName = (a: { name?: string }, b: { name?: string }) => (`${a.name}` < `${b.name}` ? -1 : 1)

const AROUND = 120

/** Where two texts part, if they do. */
export function compared(what: string, is: string, shouldBe: string): string[] {
  if (is === shouldBe) return []
  let at = 0
  while (at < is.length && is[at] === shouldBe[at]) at++
  const around = (text: string) => `…${text.slice(Math.max(0, at - AROUND), at + AROUND)}…`
  return [`${what} ${around(is)}, instead of ${around(shouldBe)}`]
}

/** What a caller heard. */
export type Heard = { value: unknown } | { error: unknown }

export const hear = (call: Promise<unknown>): Promise<Heard> =>
  call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )

export function heardInWords(heard: Heard): string {
  if ('value' in heard) return inWords(heard.value)
  const { error } = heard
  if (error instanceof DialogueStoreError) return `${error.code}, ${error.outcome}`
  return `no DialogueStoreError, but ${error instanceof Error ? error.stack : String(error)}`
}
