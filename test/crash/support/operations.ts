import type { DialogueStore } from '../../../src/index.ts'

/** Somebody whom an operation is about: with three messages, an event, and a context that counts turns. */
export interface Scene {
  userId: string
  messageIds: string[]
  /** Unused before. */
  freshId: string
}

const START = new Date('2030-01-15T14:00:00Z')
export const DELIVERY = 'delivery'
export const REPLY = 'reply'
export const CHANGED = 'changed'

async function turn(store: DialogueStore, { userId }: Scene): Promise<boolean> {
  return store.withTransaction(async (tx) => {
    const delivery = { userId, sender: 'user', content: 'book it', externalId: DELIVERY }
    const { created } = await tx.storeMessage(delivery)
    if (!created) return false
    await tx.updateContext(userId, (data) => ({ ...data, turns: Number(data.turns) + 1 }))
    await tx.storeEvent({ creatorId: userId, summary: 'Haircut', start: START })
    await tx.updateUser(userId, { states: { booking: 'done' } })
    await tx.storeMessage({ userId, sender: 'assistant', content: REPLY })
    return true
  })
}

/** Each gives what its caller hears. All may be called again after a crash. */
export const OPERATIONS = {
  turn,
  message: async (store: DialogueStore, { userId }: Scene) => {
    const delivery = { userId, sender: 'user', content: 'hello', externalId: DELIVERY }
    return (await store.storeMessage(delivery)).created
  },
  edit: async (store: DialogueStore, { userId, messageIds: [first = ''] }: Scene) =>
    (await store.updateMessage(userId, first, { content: CHANGED })).content,
  remove: (store: DialogueStore, { userId, messageIds: [first = '', second = ''] }: Scene) =>
    store.deleteMessages(userId, { ids: [first, second] }),
  create: async (store: DialogueStore, { freshId }: Scene) =>
    (await store.createUser({ id: freshId, identities: [{ provider: 'crash', id: freshId }] })).id,
  event: async (store: DialogueStore, { userId }: Scene) =>
    (await store.storeEvent({ creatorId: userId, summary: 'Tea', start: START, externalId: DELIVERY }))
      .created,
  many: (store: DialogueStore, { userId }: Scene) =>
    store.storeMessages(
      Array.from({ length: 20 }, (_, i) => ({
        userId,
        sender: 'user',
        content: 'x',
        externalId: `many ${i}`,
      })),
    ),
  merge: async (store: DialogueStore, { userId }: Scene) =>
    (await store.mergeContext(userId, { more: true })).created,
  rename: async (store: DialogueStore, { userId }: Scene) =>
    (await store.updateUser(userId, { name: 'Bia' })).name,
  erase: (store: DialogueStore, { userId }: Scene) => store.deleteUser(userId),
} satisfies Record<string, (store: DialogueStore, scene: Scene) => Promise<unknown>>

export type Operation = keyof typeof OPERATIONS
