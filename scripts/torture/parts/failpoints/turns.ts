import type { DialogueStore } from '../../../../src/index.ts'
import { type Scene, START } from './scene.ts'

/** The summary of the event that a turn books: by it, a part of the turn is known. */
export const BOOKED = 'Haircut'

/** A delivery, and all that a bot does about it. */
export async function turn(store: DialogueStore, { userId }: Scene): Promise<boolean> {
  return store.withTransaction(async (tx) => {
    const delivery = { userId, sender: 'user', content: 'book it', externalId: 'delivery' }
    const { created } = await tx.storeMessage(delivery)
    if (!created) return false
    await tx.updateContext(userId, (data) => ({ ...data, turns: Number(data.turns) + 1 }))
    await tx.storeEvent({ creatorId: userId, summary: BOOKED, start: START })
    await tx.updateUser(userId, { states: { booking: 'done' } })
    await tx.storeMessage({ userId, sender: 'assistant', content: 'reply' })
    return true
  })
}

/** In a transaction alone. */
export const redelivery = (store: DialogueStore, { userId }: Scene) =>
  store.withTransaction((tx) =>
    tx.storeMessage({ userId, sender: 'user', content: 'again', externalId: 'delivery' }),
  )

/** Under an id that its caller chose. */
export const chosen = (store: DialogueStore, { userId, freshId }: Scene) =>
  store.withTransaction((tx) => tx.storeMessage({ id: freshId, userId, sender: 'user', content: 'chosen' }))

/** Each verb that a transaction has. */
export async function everything(store: DialogueStore, scene: Scene): Promise<unknown> {
  const { userId, eventId, messageIds, known, fresh, freshId } = scene
  const [first = '', second = '', third = ''] = messageIds
  return store.withTransaction(async (tx) => {
    const { user } = await tx.ensureUser(fresh, { name: 'Caio' })
    await tx.createUser({ id: freshId, name: 'Bia' })
    await tx.findUser(known)
    await tx.updateUser(userId, { data: { seen: 1 } })
    await tx.storeMessage({ userId: user.id, sender: 'user', content: 'hi', externalId: 'his' })
    await tx.storeMessages([
      { userId, sender: 'user', content: 'a' },
      { userId, sender: 'user', content: 'b' },
    ])
    await tx.updateMessage(userId, first, { content: 'changed' })
    await tx.deleteMessages(userId, { ids: [second] })
    await tx.storeContext(user.id, { turns: 0 })
    await tx.mergeContext(userId, { more: true })
    await tx.updateContext(userId, (data) => ({ ...data, turns: 2 }))
    await tx.deleteContext(user.id)
    const { event } = await tx.storeEvent({
      creatorId: userId,
      summary: BOOKED,
      start: START,
      externalId: 'e',
    })
    await tx.updateEvent(event.id, { location: 'Here' })
    await tx.cancelEvent(event.id)
    await tx.deleteEvent(eventId)
    return {
      user: await tx.getUser(userId),
      message: await tx.getMessage(userId, { id: third }),
      context: await tx.retrieveContext(userId, { pending: true }),
      event: await tx.getEvent(event.id, { withCreator: true }),
    }
  })
}

/** A bot that thinks better of it. */
export async function givenUp(store: DialogueStore, { userId }: Scene): Promise<string> {
  const reason = new Error('given up')
  const work = store.withTransaction(async (tx) => {
    await tx.updateUser(userId, { name: 'Bia' })
    await tx.storeMessage({ userId, sender: 'user', content: 'never mind' })
    throw reason
  })
  return work.catch((error: unknown) => {
    if (error === reason) return reason.message
    throw error
  })
}
