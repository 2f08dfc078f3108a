import { deepEqual, equal, ok } from 'node:assert/strict'
import type { DialogueStore } from '../../index.ts'
import { casesOf } from './case.ts'
import { all, contents, has, refuses, thrownBy } from './checks.ts'
import { at, BEGIN, say, talk, untyped, upTo } from './samples.ts'

type Pending = true | { senders?: string[]; conversationId?: string }
const pendingOf = async (store: DialogueStore, userId: string, pending: Pending = true) =>
  (await store.retrieveContext(userId, { pending })).pending

export const summaries = casesOf('covers and pending', {
  'pending counts everything until there is a mark, and then what came after it': async ({
    store,
    person,
  }) => {
    const [{ id }, other] = [await person(), await person()]
    await talk(store, other.id, upTo(3))
    equal(await pendingOf(store, id), 0)
    const said = await talk(store, id, upTo(12))
    equal(await pendingOf(store, id), 12)
    const { context } = await store.storeContext(id, { summary: 'of ten' }, { covers: at(said, 9).cursor })
    equal(context.covers, at(said, 9).cursor)
    equal(await pendingOf(store, id), 2)
    deepEqual(contents(await all(store.iterateHistory(id, { after: context.covers }))), ['10', '11'])
    equal((await store.retrieveContext(id)).pending, null)
  },

  'what comes while a summary is made stays pending': async ({ store, person }) => {
    const { id } = await person()
    const read = await talk(store, id, upTo(10))
    const meanwhile = await talk(store, id, ['a', 'b'])
    await store.mergeContext(id, { summary: 'of ten' }, { covers: at(read, -1).cursor })
    const { covers, pending } = await store.retrieveContext(id, { pending: true })
    equal(pending, 2)
    deepEqual(await all(store.iterateHistory(id, { after: covers })), meanwhile)
  },

  'nothing but covers moves the mark': async ({ store, person }) => {
    const { id } = await person()
    const [first, second] = await talk(store, id, ['first', 'second'])
    const mark = first?.cursor
    await store.storeContext(id, { n: 1 }, { covers: mark })
    await store.storeContext(id, { n: 2 })
    await store.mergeContext(id, { n: 3 })
    await store.updateContext(id, () => ({ n: 4 }))
    await store.deleteContext(id)
    equal((await store.retrieveContext(id)).covers, mark)
    await store.updateContext(id, () => ({ n: 5 }), { covers: second?.cursor })
    equal((await store.retrieveContext(id)).covers, second?.cursor)
  },

  'a write that is refused does not move the mark': async ({ store, person }) => {
    const { id } = await person()
    const { cursor } = await say(store, id, 'said')
    await store.storeContext(id, { n: 1 })
    await store.storeContext(id, { n: 2 }, { ifVersion: 7, covers: cursor }).catch(() => {})
    equal((await store.retrieveContext(id)).covers, null)
  },

  'the mark moves with a transaction, or not at all': async ({ store, person }) => {
    const { id } = await person()
    await talk(store, id, upTo(2))
    const own = new Error('of the caller’s own')
    const turn = (fails: boolean) =>
      store.withTransaction(async (tx) => {
        const { cursor } = await say(tx, id, 'in the turn')
        await tx.mergeContext(id, { summary: 'of all' }, { covers: cursor })
        has(await tx.retrieveContext(id, { pending: true }), { covers: cursor, pending: 0 })
        if (fails) throw own
        return cursor
      })
    equal(await thrownBy(turn(true)), own)
    has(await store.retrieveContext(id, { pending: true }), { covers: null, pending: 2 })
    const covers = await turn(false)
    has(await store.retrieveContext(id, { pending: true }), { covers, pending: 0 })
  },

  'messages of one moment are told apart': async ({ store, person }) => {
    const { id } = await person()
    const said = await talk(store, id, upTo(4), { timestamp: BEGIN })
    for (const [i, { cursor }] of said.entries()) {
      await store.storeContext(id, {}, { covers: cursor })
      equal(await pendingOf(store, id), 3 - i)
    }
  },

  'pending counts by sender and by conversation': async ({ store, person }) => {
    const { id } = await person()
    const [mark] = await talk(store, id, upTo(3), { conversationId: 'a' })
    await talk(store, id, upTo(4), { conversationId: 'b', sender: 'assistant' })
    await talk(store, id, upTo(2), { conversationId: 'b' })
    await store.storeContext(id, {}, { covers: mark?.cursor })
    equal(await pendingOf(store, id, {}), 8)
    equal(await pendingOf(store, id, { senders: ['user'] }), 4)
    equal(await pendingOf(store, id, { conversationId: 'b' }), 6)
    equal(await pendingOf(store, id, { conversationId: 'b', senders: ['user', 'tool'] }), 2)
  },

  'pending is right after deletions, that of the marked message too': async ({ store, person }) => {
    const { id } = await person()
    const said = await talk(store, id, upTo(10))
    await store.storeContext(id, {}, { covers: at(said, 4).cursor })
    await store.deleteMessages(id, { ids: [0, 3, 4, 8].map((i) => at(said, i).id) })
    equal(await pendingOf(store, id), 4)
    deepEqual(contents(await all(store.iterateHistory(id, { after: at(said, 4).cursor }))), [
      '5',
      '6',
      '7',
      '9',
    ])
    await store.deleteMessages(id, { all: true })
    equal(await pendingOf(store, id), 0)
    await talk(store, id, upTo(2))
    equal(await pendingOf(store, id), 2)
  },

  'pending is exact to 1,000': async ({ store, person }) => {
    const { id } = await person()
    await talk(store, id, upTo(1000))
    equal(await pendingOf(store, id), 1000)
    const said = await talk(store, id, upTo(5), { sender: 'assistant' })
    ok(Number(await pendingOf(store, id)) >= 1000)
    equal(await pendingOf(store, id, { senders: ['assistant'] }), 5)
    await store.storeContext(id, {}, { covers: at(said, 0).cursor })
    equal(await pendingOf(store, id), 4)
  },

  'a place of another’s history is refused, as is what is none': async ({ store, person }) => {
    const [{ id }, other] = [await person(), await person()]
    const theirs = (await say(store, other.id, 'theirs')).cursor
    for (const covers of [theirs, '', 'no cursor', `${theirs}A`, untyped(null)]) {
      await refuses(store.storeContext(id, {}, { covers }), 'covers')
      await refuses(store.mergeContext(id, {}, { covers }), 'covers')
      await refuses(
        store.updateContext(id, () => ({}), { covers }),
        'covers',
      )
    }
    await refuses(store.retrieveContext(id, untyped({ pending: 'all' })))
    equal((await store.retrieveContext(id)).version, 0)
  },
})
