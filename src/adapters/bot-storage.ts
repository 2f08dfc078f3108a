import type { Storage, StoreItems } from 'botbuilder-core'
import { z } from 'zod'
import { internalsIn } from '../beside.ts'
import type { Shapes } from '../config.ts'
import type { DialogueStore } from '../contract.ts'
import { altered, DialogueStoreError } from '../errors.ts'
import { nextId, toObjectId } from '../ids.ts'
import { callable, parse } from '../input.ts'
import { type JsonObject, setOwn } from '../json.ts'
import { observed } from '../log.ts'
import * as fields from '../sessions/schema.ts'
import type { Sessions, Stand } from '../sessions/sessions.ts'
import { createWriting, type Expected } from '../sessions/writing.ts'
import { frameworkJson } from './bot-json.ts'
import { type OwnerOf, ownersIn } from './owner.ts'

/** Where a bot's state is kept. */
export interface BotStorageOptions {
  /** Whose keys they are: one for each bot. Up to 100 characters. */
  namespace: string
  /** Whose state a key has, who is created if not known yet: it is erased with them. Default: nobody's. */
  userOf?: OwnerOf
}

const storageOptions = z.strictObject({
  namespace: fields.namespace,
  userOf: callable<OwnerOf>().optional(),
})
const someKeys = z.array(fields.key)
const someChanges = z
  .custom<object>((value) => typeof value === 'object' && value !== null, 'must be an object of items by key')
  .transform((value) => Object.entries(value))
const someItem = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
)

/**
 * A `Storage` for the Bot Framework, and for `@microsoft/agents-hosting`. An item is written if its eTag is that of what
 * is stored, or if it has none, or `*`; otherwise it stays, and the write is rejected when the others are done.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function botStorage<S extends Shapes = Shapes>(
  store: DialogueStore<S>,
  options: BotStorageOptions,
): Storage {
  const { sessions, observer } = internalsIn(store)
  const { namespace, userOf } = parse(storageOptions, options, ['options'])
  const writing = createWriting({ sessions, namespace, owners: ownersIn(store, userOf) })
  const named = { ...observer, prefix: 'storage.' }
  return {
    ...observed(named, 'debug', 'user', { read: (keys: string[]) => read(sessions, namespace, keys) }),
    ...observed(named, 'info', 'user', {
      async write(changes: StoreItems): Promise<void> {
        await allOf(toItems(changes).map((item) => write(writing, item)))
      },
      async delete(keys: string[]): Promise<void> {
        await allOf(parse(someKeys, keys, ['keys']).map((key) => remove(writing, key)))
      },
    }),
  }
}

type Writing = ReturnType<typeof createWriting>

interface Item {
  key: string
  eTag: unknown
  value: JsonObject
}

async function read(sessions: Sessions, namespace: string, keys: string[]): Promise<StoreItems> {
  const items: JsonObject = {}
  for (const document of await sessions.findAll(namespace, parse(someKeys, keys, ['keys'])))
    setOwn(items, document.key, { ...(document.data.value as JsonObject), eTag: toTag(document) })
  return items
}

/** @throws DialogueStoreError `INVALID_INPUT` */
const toItems = (changes: StoreItems): Item[] =>
  parse(someChanges, changes, ['changes']).map(([given, item]) => {
    const key = parse(fields.key, given, ['changes', given])
    const { eTag, ...value } = frameworkJson(parse(someItem, item, ['changes', key]), ['changes', key])
    return { key, eTag, value }
  })

async function write({ put }: Writing, { key, eTag, value }: Item): Promise<void> {
  const expected = standIn(eTag)
  while (!(await put(key, expected, value))) if (expected) throw conflict()
}

async function remove(writing: Writing, key: string): Promise<void> {
  while (!(await writing.remove(key, undefined)));
}

/** Of a version of one item: one that was deleted and began anew has another. */
const toTag = ({ _id, version }: Stand): string => `${version}-${_id.toHexString()}`

/** What an eTag expects. One that is not of here expects what is never there. */
function standIn(eTag: unknown): Expected {
  if (eTag === '*' || !eTag) return undefined
  const [, version, hex] = /^(\d+)-([0-9a-f]{24})$/.exec(typeof eTag === 'string' ? eTag : '') ?? []
  return { _id: toObjectId(hex) ?? nextId(), version: Number(version ?? 0) }
}

/** In the words of the framework's own storages. */
const conflict = () =>
  new DialogueStoreError(
    'VERSION_CONFLICT',
    'Storage: error writing an item due to eTag conflict. Read again, and repeat the change on what is there.',
  )

/** The first that failed decides, when all are done. */
async function allOf(works: Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(works)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (!failed) return
  const { reason } = failed
  const isPart = outcomes.some((outcome) => outcome.status === 'fulfilled' || isUnknown(outcome.reason))
  throw isPart && reason instanceof DialogueStoreError ? altered(reason, { outcome: 'unknown' }) : reason
}

const isUnknown = (error: unknown): boolean =>
  error instanceof DialogueStoreError && error.outcome === 'unknown'
