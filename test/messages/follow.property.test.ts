import { beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore, User } from '../../src/index.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { rounds } from '../support/thorough.ts'
import { startFollower } from './support/follow.ts'

/*
 * The server lets a read see a message before one with an earlier time, and may do so at any moment: what follows
 * from a page has to be right at every one of them.
 */

const WRITERS = 4
const PARTS = rounds(4, 10)

let stores: DialogueStore[]
let reader: DialogueStore
let user: User
beforeAll(async () => {
  const { dbName } = await makeDatabase()
  /* On an ordinary collection writes pass each other; on a capped one they queue. */
  reader = await makeStore({ dbName, retention: { kind: 'rolling' } })
  stores = await Promise.all(Array.from({ length: WRITERS }, () => makeStore({ dbName })))
  user = await makeUser(reader)
})

/** Stores that write as fast as they can, one or several messages at a time, until told to stop. Gives all ids. */
function startWriters(userId: string): () => Promise<string[]> {
  let stopped = false
  const loops = stores.map(async (store, writer) => {
    const ids: string[] = []
    while (!stopped) {
      const count = 1 + Math.floor(Math.random() * (writer === 0 ? 40 : 3))
      /* What a transaction stores is brought to the messages after it, by whoever needs it first. */
      const stored =
        writer === 1
          ? await store.withTransaction((tx) => makeMessages(tx, userId, count))
          : await makeMessages(store, userId, count)
      ids.push(...stored.map(({ id }) => id))
    }
    return ids
  })
  return async () => {
    stopped = true
    return (await Promise.all(loops)).flat()
  }
}

/** A page, and what follows from its `live`. */
async function followPage(userId: string, limit = 1000) {
  const { messages, live } = await reader.retrieveHistory(userId, { limit, count: false })
  return { page: messages.map(({ id }) => id), follower: startFollower(reader, { userId, after: live }) }
}

const idsOf = ({ items }: { items: { message: { id: string } }[] }) => items.map(({ message }) => message.id)

describe('a page and what follows from it', () => {
  test('are every message once, whenever the page is read', async () => {
    for (let part = 0; part < PARTS; part++) {
      const { id: userId } = await makeUser(reader)
      const stop = startWriters(userId)
      const started: Awaited<ReturnType<typeof followPage>>[] = []
      while ((started.at(-1)?.page.length ?? 0) < 600) started.push(await followPage(userId))
      const ids = await stop()
      for (const { page, follower } of started) {
        /* The last one may have had to wait, and doesn't show all. */
        if (page.length === 1000) {
          await follower.stop()
          continue
        }
        await follower.has(ids.length - page.length)
        const seen = [...page, ...idsOf(follower)]
        expect(seen).toHaveLength(ids.length)
        expect(new Set(seen)).toEqual(new Set(ids))
        await follower.stop()
      }
    }
  })

  test('are so at every place: whoever goes on from any item gets the rest', async () => {
    const { id: userId } = await makeUser(reader)
    const stop = startWriters(userId)
    const { page, follower } = await followPage(userId)
    await follower.has(300)
    const ids = await stop()
    const items = await follower.has(ids.length - page.length)
    await follower.stop()
    for (let i = 0; i < 300; i += 1 + Math.floor(Math.random() * 20)) {
      const again = startFollower(reader, { userId, after: items[i]?.resume ?? '' })
      await again.has(items.length - i - 1)
      expect(idsOf(again)).toEqual(idsOf(follower).slice(i + 1))
      await again.stop()
    }
  })

  test('are so for somebody who loses the connection again and again', async () => {
    const stop = startWriters(user.id)
    const { messages, live } = await reader.retrieveHistory(user.id, { limit: 1000 })
    const seen = messages.map(({ id }) => id)
    let after = live
    for (let round = 0; round < 30; round++) {
      let left = 1 + Math.floor(Math.random() * 30)
      for await (const { message, resume } of reader.followMessages({ userId: user.id, after })) {
        seen.push(message.id)
        after = resume
        if (--left === 0) break
      }
    }
    const ids = await stop()
    const rest = startFollower(reader, { userId: user.id, after })
    await rest.has(ids.length - seen.length)
    seen.push(...idsOf(rest))
    await rest.stop()
    expect(seen).toHaveLength(ids.length)
    expect(new Set(seen)).toEqual(new Set(ids))
  })
})
