import { beforeAll, describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, ExportItem } from '../../src/index.ts'
import {
  makeBystander,
  makeEvent,
  makeIdentity,
  makeMessages,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  untyped,
} from '../support/make.ts'

let store: DialogueStore
beforeAll(async () => {
  ;({ store } = await makeWorld())
  await makeBystander(store)
})

async function exported(userId: string): Promise<ExportItem[]> {
  const items: ExportItem[] = []
  for await (const item of store.exportUser(userId)) items.push(item)
  return items
}

describe('exportUser', () => {
  test('gives everything of one user, and nothing of others', async () => {
    const user = await makeUser(store, { identities: [makeIdentity()], data: { 'a.b': { $c: 1 } } })
    const messages = await makeMessages(store, user.id, 2, {
      conversationId: 'group',
      metadata: { ok: true },
    })
    const { message: voice } = await store.storeMessage({
      userId: user.id,
      sender: 'user',
      content: '',
      type: 'voice',
      audio: { uri: 'file:///a.ogg' },
    })
    const event = await makeEvent(store, user.id)
    const cancelled = await store.cancelEvent((await makeEvent(store, user.id, { summary: 'Gym' })).id)
    const { context } = await store.storeContext(user.id, { summary: 'x' }, { covers: messages[0]?.cursor })
    const items = await exported(user.id)
    const of = (kind: string) => items.filter((item) => item.kind === kind).map(({ data }) => data)
    expect(of('user')).toEqual([user])
    expect(of('context')).toEqual([context])
    expect(of('event')).toHaveLength(2)
    expect(of('event')).toEqual(expect.arrayContaining([event, cancelled]))
    expect(of('message')).toEqual([...messages, voice])
    expect(items).toHaveLength(7)
  })

  test('gives a new user and their empty context', async () => {
    const user = await makeUser(store)
    expect(await exported(user.id)).toMatchObject([
      { kind: 'user', data: user },
      { kind: 'context', data: { data: {}, version: 0, covers: null } },
    ])
  })

  test('gives each of many messages and events once, in order', async () => {
    const user = await makeUser(store)
    const messages = await makeMessages(store, user.id, 1203)
    for (let i = 0; i < 60; i++)
      await makeEvent(store, user.id, { summary: `${i}`, start: new Date(i * 1000) })
    const items = await exported(user.id)
    const stored = items.flatMap((item) => (item.kind === 'message' ? [item.data] : []))
    expect(stored).toEqual(messages)
    expect(items.filter(({ kind }) => kind === 'event')).toHaveLength(60)
    expect(JSON.parse(JSON.stringify(items))).toHaveLength(1203 + 60 + 2)
  })

  test('ends with USER_NOT_FOUND when the user is deleted meanwhile', async () => {
    const user = await makeUser(store)
    await makeMessages(store, user.id, 600)
    const reading = async () => {
      let seen = 0
      for await (const { kind } of store.exportUser(user.id)) {
        if (kind === 'message' && seen++ === 0) await store.deleteUser(user.id)
      }
    }
    await rejection(reading(), 'USER_NOT_FOUND')
  })

  test('throws at the first next(): for nobody, and for what is no id', async () => {
    const nobody = store.exportUser(new ObjectId())
    await rejection(nobody[Symbol.asyncIterator]().next(), 'USER_NOT_FOUND')
    const wrong = store.exportUser(untyped('me'))
    expect(await refusedPaths(wrong[Symbol.asyncIterator]().next())).toEqual(['userId'])
  })
})
