import { deepEqual, equal } from 'node:assert/strict'
import type { DialogueStore, FollowedMessage, FollowOptions } from '../../index.ts'
import { casesOf } from './case.ts'
import { contents, firstOf, refuses, rejects, soon } from './checks.ts'
import { at, newId, say, says, talk, upTo } from './samples.ts'

/** The next so many that are followed from somewhere. */
async function follow(
  store: DialogueStore,
  count: number,
  options: FollowOptions,
): Promise<FollowedMessage[]> {
  const items: FollowedMessage[] = []
  const following = async () => {
    if (count > 0)
      for await (const item of store.followMessages(options)) {
        items.push(item)
        if (items.length === count) break
      }
    return items
  }
  return soon(following())
}

const said = (items: FollowedMessage[]): string[] => contents(items.map(({ message }) => message))
const liveOf = async (store: DialogueStore, userId: string) => (await store.retrieveHistory(userId)).live

export const following = casesOf('followMessages', {
  'goes on where a page ended, each message once, as getMessage gives it': async ({ store, person }) => {
    const { id: userId } = await person()
    await talk(store, userId, ['before'])
    const after = await liveOf(store, userId)
    const stored = await talk(store, userId, upTo(10), { metadata: { a: { $b: [] } } })
    const items = await follow(store, 10, { userId, after })
    deepEqual(
      items.map(({ message }) => message),
      stored,
    )
  },

  'waits for what is stored while it follows': async ({ store, person }) => {
    const { id: userId } = await person()
    const items = follow(store, 4, { userId, after: await liveOf(store, userId) })
    items.catch(() => {})
    await talk(store, userId, ['0', '1'])
    await say(store, userId, '2')
    await store.withTransaction((tx) => say(tx, userId, '3'))
    deepEqual(said(await items), ['0', '1', '2', '3'])
  },

  'goes on from any item without gap or repeat': async ({ store, person }) => {
    const { id: userId } = await person()
    const after = await liveOf(store, userId)
    await talk(store, userId, upTo(6))
    const items = await follow(store, 6, { userId, after })
    await say(store, userId, 'last')
    for (const i of [0, 2, 5])
      deepEqual(said(await follow(store, 6 - i, { userId, after: at(items, i).resume })), [
        ...said(items).slice(i + 1),
        'last',
      ])
  },

  'is of one user when asked': async ({ store, person }) => {
    const [{ id: userId }, other] = [await person(), await person()]
    const after = await liveOf(store, userId)
    await say(store, other.id, 'another’s')
    await say(store, userId, 'mine')
    deepEqual(said(await follow(store, 1, { userId, after })), ['mine'])
    const seen: string[] = []
    const both = async () => {
      for await (const { message } of store.followMessages({ after }))
        if ([userId, other.id].includes(message.userId) && seen.push(message.content) === 2) return
    }
    await soon(both())
    deepEqual(seen.sort(), ['another’s', 'mine'].sort())
  },

  'gives no changes, no deletions and no repeats of a delivery': async ({ store, person }) => {
    const { id: userId } = await person()
    const after = await liveOf(store, userId)
    const { id } = await say(store, userId, 'once', { externalId: 'x' })
    await store.storeMessage(says(userId, 'once', { externalId: 'x' }))
    await store.updateMessage(userId, id, { content: 'changed' })
    await store.deleteMessages(userId, { all: true })
    await say(store, userId, 'last')
    deepEqual(said(await follow(store, 2, { userId, after })), ['once', 'last'])
  },

  'ends quietly when it is aborted: before, and while it waits': async ({ store, person }) => {
    const { id: userId } = await person()
    const nothing = { done: true, value: undefined }
    const aborted = firstOf(store.followMessages({ signal: AbortSignal.abort() }))
    deepEqual(await aborted.catch((error: unknown) => error), nothing)
    const controller = new AbortController()
    const items = store.followMessages({
      ...{ userId, after: await liveOf(store, userId), signal: controller.signal },
    })
    const iterator = items[Symbol.asyncIterator]()
    await say(store, userId, 'first')
    equal((await soon(iterator.next())).done, false)
    const waiting = iterator.next()
    controller.abort()
    deepEqual(await soon(waiting).catch((error: unknown) => error), nothing)
  },

  'refuses what is wrong, and knows nobody’s': async ({ store, person }) => {
    const { cursor } = await say(store, (await person()).id, 'said')
    for (const after of ['', 'no place', cursor])
      await refuses(firstOf(store.followMessages({ after })), 'after')
    await refuses(firstOf(store.followMessages({ userId: 'no id' })), 'userId')
    await rejects(firstOf(store.followMessages({ userId: newId() })), 'USER_NOT_FOUND')
  },
})
