import { deepEqual, equal, ok } from 'node:assert/strict'
import type { DialogueStore, StoreTransaction, User } from '../../index.ts'
import { callsOf } from './calls.ts'
import { casesOf } from './case.ts'
import { has, history, refuses, rejects, thrownBy } from './checks.ts'
import { appointment, at, atOnce, BEGIN, identity, newId, say, says, talk, untyped, upTo } from './samples.ts'
import { makeSomebody, type Somebody } from './somebody.ts'

/** All that is stored of somebody. */
const everything = async (store: DialogueStore, { user, event }: Somebody) => ({
  user: await store.getUser(user.id),
  context: await store.retrieveContext(user.id, { pending: true }),
  events: (await store.retrieveEvents({ creatorId: user.id, status: ['confirmed', 'cancelled'] })).events,
  event: await store.getEvent(event.id),
  messages: (await store.retrieveHistory(user.id)).messages,
})

/** One of every change that a transaction can make. */
async function changeAll(tx: StoreTransaction, { user, flow, said, event }: Somebody): Promise<User> {
  const { user: next } = await tx.ensureUser(identity(), { name: 'New' })
  await say(tx, next.id, 'of somebody new')
  await tx.updateUser(user.id, { name: 'Changed', states: { [flow]: null } })
  await talk(tx, user.id, ['third'], { externalId: 'x' })
  await tx.updateMessage(user.id, at(said, 0).id, { content: 'changed' })
  await tx.deleteMessages(user.id, { ids: [at(said, 1).id] })
  await tx.mergeContext(user.id, { turns: 2 })
  await tx.updateEvent(event.id, { summary: 'Changed' })
  await appointment(tx, user.id, BEGIN, { summary: 'New' })
  return next
}

export const transactions = casesOf('withTransaction', {
  'happens as a whole, and gives what work gives': async (scene) => {
    const { store } = scene
    const somebody = await makeSomebody(scene)
    const next = await store.withTransaction((tx) => changeAll(tx, somebody))
    has(Object(next), { name: 'New', version: 1 })
    scene.alsoErase(next.id)
    const { user, context, events, messages } = await everything(store, somebody)
    has(user, { name: 'Changed', states: {}, version: 2 })
    has(context, { data: { turns: 2 }, version: 2, pending: 2 })
    deepEqual(events.map(({ summary }) => summary).sort(), ['Changed', 'New'])
    deepEqual(
      messages.map(({ content, version }) => [content, version]),
      [
        ['changed', 2],
        ['third', 1],
      ],
    )
    deepEqual(await history(store, next.id), ['of somebody new'])
    equal((await store.storeMessage(says(user.id, 'again', { externalId: 'x' }))).created, false)
  },

  'does not happen at all when work throws, whose error comes back as it was': async (scene) => {
    const { store } = scene
    const somebody = await makeSomebody(scene)
    const before = await everything(store, somebody)
    const own = new Error('of the caller’s own')
    let next: User | undefined
    const turn = store.withTransaction(async (tx) => {
      next = await changeAll(tx, somebody)
      throw own
    })
    equal(await thrownBy(turn), own)
    deepEqual(await everything(store, somebody), before)
    await rejects(store.getUser(next?.id ?? ''), 'USER_NOT_FOUND')
    equal(await store.findUser(next?.identities[0] ?? identity()), null)
    equal((await store.storeMessage(says(somebody.user.id, 'third', { externalId: 'x' }))).created, true)
  },

  'does not happen at all after an error of a verb': async (scene) => {
    const { store } = scene
    const [somebody, other] = [await makeSomebody(scene), await scene.person()]
    const before = await everything(store, somebody)
    const { id } = somebody.user
    const failing = {
      VERSION_CONFLICT: (tx: StoreTransaction) => tx.storeContext(id, {}, { ifVersion: 7 }),
      STATE_CONFLICT: (tx: StoreTransaction) =>
        tx.updateUser(id, {}, { ifStates: { [somebody.flow]: 'done' } }),
      IDENTITY_TAKEN: (tx: StoreTransaction) => tx.createUser({ name: 'x', identities: other.identities }),
      MESSAGE_NOT_FOUND: (tx: StoreTransaction) => tx.updateMessage(id, newId(), { content: 'x' }),
      EVENT_NOT_FOUND: (tx: StoreTransaction) => tx.cancelEvent(newId()),
      USER_NOT_FOUND: (tx: StoreTransaction) => say(tx, newId(), 'x'),
      INVALID_INPUT: (tx: StoreTransaction) => tx.storeMessages([says(id, 'x'), says(id, '')]),
    } as const
    for (const [code, fail] of Object.entries(failing)) {
      const turn = store.withTransaction(async (tx) => {
        await changeAll(tx, somebody)
        await fail(tx)
      })
      const error = await thrownBy(turn)
      equal(Reflect.get(Object(error), 'code'), code)
      deepEqual(await everything(store, somebody), before)
    }
  },

  'happens as a whole or fails by the first error, when work catches that of a verb': async ({
    store,
    person,
  }) => {
    const { id } = await person()
    const half = 'x'.repeat(9 * 2 ** 20)
    await store.storeContext(id, { half })
    const turn = store.withTransaction(async (tx) => {
      await say(tx, id, 'before')
      /* Two halves are more than a document has room for, which servers tell. */
      await rejects(tx.mergeContext(id, { other: half }), 'TOO_LARGE')
      await say(tx, id, 'after').catch(() => {})
    })
    const happened = await turn.then(
      () => true,
      (error: unknown) => has(Object(error), { code: 'TOO_LARGE', outcome: 'not-applied' }),
    )
    deepEqual(await history(store, id), happened ? ['before', 'after'] : [])
    equal((await store.retrieveContext(id)).version, 1)
  },

  'has verbs that see what it has done, and nobody else does before its end': async (scene) => {
    const { store } = scene
    const somebody = await makeSomebody(scene)
    const { id } = somebody.user
    const before = await everything(store, somebody)
    const next = await store.withTransaction(async (tx) => {
      const made = await changeAll(tx, somebody)
      has(await tx.getUser(id), { name: 'Changed', version: 2 })
      deepEqual(await tx.findUser(made.identities[0] ?? identity()), made)
      has(await tx.retrieveContext(id, { pending: true }), { data: { turns: 2 }, pending: 2 })
      has(await tx.getEvent(somebody.event.id), { summary: 'Changed', version: 2 })
      has(await tx.getMessage(id, { externalId: 'x' }), { content: 'third' })
      equal((await tx.storeMessage(says(id, 'again', { externalId: 'x' }))).created, false)
      await rejects(tx.getMessage(id, { id: at(somebody.said, 1).id }), 'MESSAGE_NOT_FOUND')
      deepEqual(await everything(store, somebody), before)
      await rejects(store.getUser(made.id), 'USER_NOT_FOUND')
      return made
    })
    scene.alsoErase(next.id)
  },

  'has every verb of contexts and events': async ({ store, person }) => {
    const { id } = await person()
    const { id: eventId } = await store.withTransaction(async (tx) => {
      equal((await tx.storeContext(id, { turns: 1 })).created, true)
      deepEqual((await tx.updateContext(id, ({ turns }) => ({ turns: Number(turns) + 1 }))).context.data, {
        turns: 2,
      })
      equal(await tx.deleteContext(id), true)
      equal((await tx.mergeContext(id, { turns: 9 }, { ifVersion: 0 })).created, true)
      const gone = await appointment(tx, id, BEGIN)
      equal(await tx.deleteEvent(gone.id), true)
      return tx.cancelEvent((await appointment(tx, id, BEGIN)).id)
    })
    has(await store.retrieveContext(id), { data: { turns: 9 }, version: 4 })
    has(await store.getEvent(eventId, { withCreator: true }), { status: 'cancelled', version: 2 })
    equal((await store.retrieveEvents({ creatorId: id })).count, 0)
  },

  'queues verbs that are called side by side': async ({ store, person }) => {
    const { id } = await person()
    await store.withTransaction((tx) => atOnce(5, (i) => say(tx, id, `${i}`, { timestamp: BEGIN })))
    deepEqual(await history(store, id), ['0', '1', '2', '3', '4'])
  },

  'loses nothing of turns of one user at once': async ({ store, person }) => {
    const { id } = await person()
    await atOnce(5, (i) =>
      store.withTransaction(async (tx) => {
        const { data } = await tx.retrieveContext(id)
        await tx.storeContext(id, { turns: Number(data.turns ?? 0) + 1 })
        await say(tx, id, `${i}`)
      }),
    )
    deepEqual((await store.retrieveContext(id)).data, { turns: 5 })
    deepEqual((await history(store, id)).sort(), ['0', '1', '2', '3', '4'])
  },

  'creates a message once with calls that bring it, too': async ({ store, person }) => {
    const { id } = await person()
    const bring = (by: Pick<DialogueStore, 'storeMessage'>) =>
      by.storeMessage(says(id, 'delivered', { externalId: 'x' }))
    const outcomes = await atOnce(10, (i) => (i % 2 ? store.withTransaction(bring) : bring(store)))
    equal(outcomes.filter(({ created }) => created).length, 1)
    deepEqual(new Set(outcomes.map(({ message }) => message.id)).size, 1)
    deepEqual(await history(store, id), ['delivered'])
  },

  'refuses a verb of the store on somebody whom it has touched': async ({ store, person }) => {
    const [{ id }, other] = [await person(), await person()]
    await store.withTransaction(async (tx) => {
      await tx.mergeContext(id, { turns: 1 })
      const error = await thrownBy(store.mergeContext(id, { turns: 2 }))
      has(Object(error), { code: 'INVALID_INPUT', outcome: 'not-applied' })
      await store.mergeContext(other.id, { outside: true })
    })
    deepEqual((await store.retrieveContext(id)).data, { turns: 1 })
    deepEqual((await store.retrieveContext(other.id)).data, { outside: true })
  },

  'has verbs that are refused after its end': async ({ store, person }) => {
    const { id } = await person()
    for (const ends of ['well', 'badly']) {
      let kept: StoreTransaction | undefined
      const turn = store.withTransaction(async (tx) => {
        kept = tx
        await tx.getUser(id)
        if (ends === 'badly') throw new Error('of the caller’s own')
      })
      await turn.catch(() => {})
      ok(kept)
      for (const call of Object.values(callsOf(kept))) await rejects(call(), 'TRANSACTION_CLOSED')
    }
  },

  'names the item of a bulk that it refuses, and needs a function': async ({ store, person }) => {
    const { id } = await person()
    const mixed = upTo(3).map((i) => says(id, i === 1 ? '' : 'x'))
    await refuses(
      store.withTransaction((tx) => tx.storeMessages(mixed)),
      '1.content',
    )
    await refuses(store.withTransaction(untyped('work')))
  },
})
