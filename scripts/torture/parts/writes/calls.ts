import { type DialogueStore, DialogueStoreError } from '../../../../src/index.ts'

/** Which database: capped and large enough to keep everything, capped and full, rolling. */
export const BASES = ['capped', 'full', 'rolling'] as const
export type Base = (typeof BASES)[number]

/** What a caller heard; nothing of a message's text is in it. */
export type Heard =
  | { id?: string; created?: boolean; version?: number }
  | { code: string; outcome: string }
  /** No error that a store may throw. */
  | { stranger: string }

interface Written {
  store: DialogueStore
  userId: string
  key: string
}

/** Texts of many lengths, that begin with their key. */
const contentOf = (key: string): string => `${key} ${'·'.repeat((key.length * 7919 + sumOf(key)) % 200)}`
const sumOf = (key: string): number => Buffer.from(key).reduce((sum, byte) => sum * 31 + byte, 7) >>> 0
export const keyOf = (content: string): string => content.split(' ', 1)[0] ?? ''
/** What the bot says in the turn of that key. */
export const replyTo = (key: string): string => `re:${key}`

export const messageOf = ({ userId, key }: Omit<Written, 'store'>) => ({
  userId,
  sender: 'user',
  content: contentOf(key),
})
export const deliveryOf = (written: Omit<Written, 'store'>) => ({
  ...messageOf(written),
  externalId: written.key,
})

const START = new Date('2030-05-01T09:00:00Z')
const eventOf = ({ userId, key }: Written) => ({ creatorId: userId, summary: key, start: START })

/** Everything that a turn of a bot does; a delivery that was handled before does nothing. */
const turn = ({ store, userId, key }: Written) =>
  store.withTransaction(async (tx) => {
    const { message, created } = await tx.storeMessage(deliveryOf({ userId, key }))
    if (created) {
      await tx.mergeContext(userId, { [key]: 1 })
      await tx.storeEvent({ creatorId: userId, summary: key, start: START })
      await tx.updateUser(userId, { data: { [key]: 1 } })
      await tx.storeMessage({ ...messageOf({ userId, key: replyTo(key) }), sender: 'assistant' })
    }
    return { id: message.id, created }
  })

const idOf = ({ message, created }: { message: { id: string }; created: boolean }): Heard => ({
  id: message.id,
  created,
})
const versionOf = ({ context }: { context: { version: number } }): Heard => ({ version: context.version })

/** One call of each kind. */
export const CALLS = {
  message: async ({ store, ...written }: Written) => idOf(await store.storeMessage(messageOf(written))),
  delivery: async ({ store, ...written }: Written) => idOf(await store.storeMessage(deliveryOf(written))),
  turn,
  merge: async ({ store, userId, key }: Written) => versionOf(await store.mergeContext(userId, { [key]: 1 })),
  update: async ({ store, userId, key }: Written) =>
    versionOf(await store.updateContext(userId, (data) => ({ ...data, [key]: 1 }))),
  replace: async ({ store, userId, key }: Written) => versionOf(await store.storeContext(userId, { key })),
  read: async ({ store, userId }: Written) => ({ version: (await store.retrieveContext(userId)).version }),
  rename: async ({ store, userId, key }: Written) => ({
    version: (await store.updateUser(userId, { data: { [key]: 1 } })).version,
  }),
  event: async (written: Written) => {
    const { event, created } = await written.store.storeEvent(eventOf(written))
    return { id: event.id, created }
  },
  booking: async (written: Written) => {
    const { event, created } = await written.store.storeEvent({
      ...eventOf(written),
      externalId: written.key,
    })
    return { id: event.id, created }
  },
} satisfies Record<string, (written: Written) => Promise<Heard>>

export type Kind = keyof typeof CALLS

/** Kinds that a platform delivers again until it hears that it was received. */
export const REPEATABLE: ReadonlySet<Kind> = new Set(['delivery', 'turn', 'booking'])

export const toHeard = (error: unknown): Heard =>
  error instanceof DialogueStoreError
    ? { code: error.code, outcome: error.outcome }
    : { stranger: error instanceof Error ? (error.stack ?? error.message) : String(error) }
