import { deepEqual, equal, ok } from 'node:assert/strict'
import { casesOf } from './case.ts'
import { has, history, refuses, rejects, sameJson } from './checks.ts'
import { at, atOnce, newId, say, says, talk, untyped, upTo } from './samples.ts'

export const gettingMessages = casesOf('getMessage', {
  'finds by id, and by external id and conversation': async ({ store, person }) => {
    const { id: userId } = await person()
    const plain = await say(store, userId, 'plain', { externalId: 'x' })
    const inGroup = await say(store, userId, 'in a group', { externalId: 'x', conversationId: 'group' })
    deepEqual(await store.getMessage(userId, { id: plain.id }), plain)
    deepEqual(await store.getMessage(userId, { externalId: 'x' }), plain)
    deepEqual(await store.getMessage(userId, { externalId: 'x', conversationId: 'group' }), inGroup)
    for (const key of [{ id: newId() }, { externalId: 'y' }, { externalId: 'x', conversationId: 'other' }])
      await rejects(store.getMessage(userId, key), 'MESSAGE_NOT_FOUND')
  },

  'gives nobody what is somebody else’s': async ({ store, person }) => {
    const [user, other] = [await person(), await person()]
    const { id } = await say(store, user.id, 'private', { externalId: 'x' })
    await rejects(store.getMessage(other.id, { id }), 'MESSAGE_NOT_FOUND')
    await rejects(store.getMessage(other.id, { externalId: 'x' }), 'MESSAGE_NOT_FOUND')
    await rejects(store.updateMessage(other.id, id, { content: 'x' }), 'MESSAGE_NOT_FOUND')
    equal(await store.deleteMessages(other.id, { ids: [id] }), 0)
    await rejects(store.getMessage(newId(), { id }), 'USER_NOT_FOUND')
    await refuses(store.getMessage(user.id, untyped({ id: { $ne: null } })))
    deepEqual(await history(store, user.id), ['private'])
  },
})

export const updatingMessages = casesOf('updateMessage', {
  'changes a message, whose place stays': async ({ store, person }) => {
    const { id } = await person()
    const said = await talk(store, id, ['first', 'second', 'third'], { metadata: { a: 1, b: { c: 2 } } })
    const second = at(said, 1)
    const changed = await store.updateMessage(id, second.id, { content: 'corrected', metadata: { b: 3 } })
    const { updatedAt } = changed
    deepEqual(changed, { ...second, content: 'corrected', metadata: { b: 3 }, version: 2, updatedAt })
    ok(updatedAt >= second.updatedAt)
    deepEqual((await store.retrieveHistory(id)).messages, [said[0], changed, said[2]])
  },

  'leaves what is undefined, and clears what is null': async ({ store, person }) => {
    const { id } = await person()
    const fields = { type: 'voice' as const, audio: { uri: 'a' }, metadata: { a: 1 }, externalId: 'x' }
    const message = await say(store, id, 'said', fields)
    const same = await store.updateMessage(id, message.id, { content: undefined, audio: undefined })
    deepEqual(same, { ...message, version: 2, updatedAt: same.updatedAt })
    const none = { audio: null, metadata: null, externalId: null }
    has(await store.updateMessage(id, message.id, none), { ...none, metadata: {}, version: 3 })
    await rejects(store.getMessage(id, { externalId: 'x' }), 'MESSAGE_NOT_FOUND')
  },

  'holds ifVersion against what is stored': async ({ store, person }) => {
    const { id: userId } = await person()
    const { id } = await say(store, userId, 'said')
    const outcomes = await Promise.allSettled(
      upTo(3).map((i) => store.updateMessage(userId, id, { content: `${i}` }, { ifVersion: 1 })),
    )
    equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    const late = store.updateMessage(userId, id, { content: 'late' }, { ifVersion: 1 })
    await rejects(late, 'VERSION_CONFLICT', { expected: 1, actual: 2 })
    equal((await store.getMessage(userId, { id })).version, 2)
  },

  'claims an external id that is given later': async ({ store, person }) => {
    const { id: userId } = await person()
    const { id } = await say(store, userId, 'first')
    const named = await store.updateMessage(userId, id, { externalId: 'later' })
    deepEqual(await store.storeMessage(says(userId, 'again', { externalId: 'later' })), {
      ...{ created: false, message: named },
    })
    const other = await say(store, userId, 'other')
    await refuses(store.updateMessage(userId, other.id, { externalId: 'later' }), 'externalId')
    deepEqual(await history(store, userId), ['first', 'other'])
  },

  'refuses what is wrong by its place, and then changes nothing': async ({ store, person }) => {
    const { id } = await person()
    const message = await say(store, id, 'said')
    const wrong: [object, string][] = [
      [{ content: null }, 'content'],
      [{ content: '' }, 'content'],
      [{ sender: 'x' }, 'sender'],
      [{ timestamp: new Date() }, 'timestamp'],
      [{ metadata: { list: [Number.NaN] } }, 'metadata.list.0'],
      [{ audio: { uri: 'a' } }, 'audio'],
    ]
    for (const [patch, place] of wrong)
      await refuses(store.updateMessage(id, message.id, untyped(patch)), place)
    await rejects(store.updateMessage(id, newId(), { content: 'x' }), 'MESSAGE_NOT_FOUND')
    await rejects(store.updateMessage(newId(), message.id, { content: 'x' }), 'USER_NOT_FOUND')
    deepEqual(await store.getMessage(id, { id: message.id }), message)
  },
})

export const deletingMessages = casesOf('deleteMessages', {
  'deletes those that are named, and says how many': async ({ store, person }) => {
    const [{ id }, other] = [await person(), await person()]
    const said = await talk(store, id, upTo(5))
    const theirs = await talk(store, other.id, ['theirs'])
    const ids = [at(said, 1).id, at(said, 3).id, at(said, 3).id, newId(), at(theirs, 0).id]
    equal(await store.deleteMessages(id, { ids }), 2)
    deepEqual(await history(store, id), ['0', '2', '4'])
    equal(await store.deleteMessages(id, { ids }), 0)
    deepEqual(await history(store, other.id), ['theirs'])
    await rejects(store.getMessage(id, { id: at(said, 1).id }), 'MESSAGE_NOT_FOUND')
  },

  'deletes a conversation, or all, of one user': async ({ store, person }) => {
    const [{ id }, other] = [await person(), await person()]
    for (const user of [id, other.id]) {
      await talk(store, user, ['a', 'b'], { conversationId: 'c' })
      await talk(store, user, ['other'], { conversationId: 'd' })
      await talk(store, user, ['none'])
    }
    equal(await store.deleteMessages(id, { conversationId: 'c' }), 2)
    deepEqual(await history(store, id), ['other', 'none'])
    equal(await store.deleteMessages(id, { all: true }), 2)
    has(await store.retrieveHistory(id), { messages: [], count: 0, older: null, newer: null })
    equal(await store.deleteMessages(id, { all: true }), 0)
    deepEqual(await history(store, other.id), ['a', 'b', 'other', 'none'])
  },

  'counts each message once, whoever deletes it': async ({ store, person }) => {
    const { id } = await person()
    await talk(store, id, upTo(50))
    const counts = await atOnce(3, () => store.deleteMessages(id, { all: true }))
    equal(
      counts.reduce((sum, count) => sum + count),
      50,
    )
  },

  'refuses what names nothing': async ({ store, person }) => {
    const { id } = await person()
    const metadata = { kept: true }
    await say(store, id, 'kept', { metadata })
    for (const filter of [{}, { all: false }, { ids: ['x'] }, { conversationId: '' }, { sender: 'user' }])
      await refuses(store.deleteMessages(id, untyped(filter)))
    await rejects(store.deleteMessages(newId(), { all: true }), 'USER_NOT_FOUND')
    sameJson(
      (await store.retrieveHistory(id)).messages.map((message) => message.metadata),
      [metadata],
    )
  },
})
