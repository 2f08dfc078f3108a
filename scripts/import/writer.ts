import { sizeOf } from '../../src/db/size.ts'
import { DialogueStoreError } from '../../src/index.ts'
import { idOf } from './ids.ts'
import type { Item, Kind } from './item.ts'
import type { Tally } from './tally.ts'
import { isOf, type MessageOutcome, type Target } from './target.ts'

type ItemOf<K extends Item['kind']> = Extract<Item, { kind: K }>
type Rest = ItemOf<'contexts'> | ItemOf<'events'>
/** With its size in bytes of BSON. */
type Packed = ItemOf<'messages'> & { bytes: number }

/** What is under way at once: of users, contexts and events by number; of messages in one call, by size as well. */
const USERS = 64
const REST = 32
const MESSAGES = { count: 1000, bytes: 2 ** 20 }
/** In bytes: a user's id, an operation's, an external id, a version, a time. */
const ADDED = 115

/**
 * Puts items into a target, many at once, and counts what becomes of each.
 *
 * @throws DialogueStoreError when the target is out of reach: what is refused for itself is counted, and the rest goes on
 */
export function createWriter(target: Target, tally: Tally) {
  /** By owner; null is one who could not be stored. */
  const ids = new Map<string, string | null>()
  const users: ItemOf<'users'>[] = []
  const rest: Rest[] = []
  let messages: Packed[] = []
  let bytes = 0
  let underWay: Promise<void> = Promise.resolve()

  async function storeUser({ owner, identity, defaults, place }: ItemOf<'users'>): Promise<void> {
    try {
      const id = idOf('user', identity.provider, identity.id)
      const stored = await target.user(identity, { ...defaults, id })
      ids.set(owner, stored.id)
      tally.add('users', stored.created ? 'created' : 'present')
    } catch (error) {
      ids.set(owner, null)
      refuse('users', error, place)
    }
  }

  async function storeRest(item: Rest): Promise<void> {
    const userId = ids.get(item.owner)
    if (!userId) return tally.remark({ ...OF_NOBODY, of: item.kind, place: item.place })
    try {
      const created = await (item.kind === 'contexts'
        ? target.context(userId, item.data)
        : target.event({ ...item.event, creatorId: userId }))
      tally.add(item.kind, created ? 'created' : 'present')
    } catch (error) {
      refuse(item.kind, error, item.place)
    }
  }

  function refuse(kind: Kind, error: unknown, place: string): void {
    const known = error instanceof DialogueStoreError ? meaningOf(error) : undefined
    if (!known) throw error
    tally.remark({ ...known, of: kind, place })
  }

  async function storeMessages(batch: Packed[]): Promise<void> {
    const sent = batch.flatMap((item) => {
      const userId = ids.get(item.owner)
      if (userId)
        return [{ item, input: { ...item.message, userId, externalId: `import-${item.message.id}` } }]
      tally.remark({ ...OF_NOBODY, of: 'messages', place: item.place })
      return []
    })
    const outcomes = await target.messages(sent.map(({ input }) => input))
    for (const [i, { item }] of sent.entries()) settle(item, outcomes[i])
  }

  function settle({ bytes, place }: Packed, outcome: MessageOutcome | undefined): void {
    if (outcome === 'created') tally.bytes += bytes
    if (typeof outcome === 'object') refuse('messages', outcome, place)
    else tally.add('messages', outcome === 'created' ? 'created' : 'present')
  }

  async function pack(item: ItemOf<'messages'>): Promise<void> {
    const packed = { ...item, bytes: sizeOf(item.message) + ADDED }
    messages.push(packed)
    bytes += packed.bytes
    if (messages.length >= MESSAGES.count || bytes >= MESSAGES.bytes) await flushMessages()
  }

  const flushUsers = () => Promise.all(users.splice(0).map(storeUser))

  async function flushRest(): Promise<void> {
    await flushUsers()
    await Promise.all(rest.splice(0).map(storeRest))
  }

  /** Two calls are under way: one is checked and packed while the server works on the other. */
  async function flushMessages(): Promise<void> {
    await flushUsers()
    const sent = storeMessages(messages)
    messages = []
    bytes = 0
    /* If the earlier one fails, nobody waits for this one. */
    sent.catch(() => {})
    await underWay
    underWay = sent
  }

  return {
    async put(item: Item): Promise<void> {
      switch (item.kind) {
        case 'remark':
          return tally.remark(item)
        case 'users':
          users.push(item)
          if (users.length >= USERS) await flushUsers()
          return
        case 'messages':
          return pack(item)
        default:
          rest.push(item)
          if (rest.length >= REST) await flushRest()
      }
    },

    /** Resolves when all that was put is stored. */
    async flush(): Promise<void> {
      await flushMessages()
      await underWay
      await flushRest()
    },
  }
}

const OF_NOBODY = { outcome: 'left out', reason: 'whose user could not be stored' } as const

/** What an error says of the one thing that was to be stored; nothing if it is about the store. */
function meaningOf(
  error: DialogueStoreError,
): { outcome: 'left out' | 'refused'; reason: string } | undefined {
  if (isOf('id', error)) return { outcome: 'left out', reason: 'stored already, for another user' }
  switch (error.code) {
    case 'USER_NOT_FOUND':
      return { outcome: 'left out', reason: 'of somebody who was erased from this store' }
    case 'INVALID_INPUT':
      return { outcome: 'refused', reason: reasonsOf(error) }
    case 'TOO_LARGE':
      return { outcome: 'refused', reason: 'larger than what MongoDB, or the capped collection, can store' }
    default:
      return undefined
  }
}

/** `content: may be empty only for voice`: without the place in the bulk, and in our own metadata. */
const reasonsOf = ({ issues = [] }: DialogueStoreError): string =>
  issues
    .map(({ path, reason }) => `${path.filter((part) => typeof part === 'string').join('.')}: ${reason}`)
    .join('; ')
