import { expect } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { until } from './command.ts'

/** Bots at work on one database, and a book of every write that was acknowledged to them. */
export interface Bots {
  store: DialogueStore
  /** Resolves when every bot has written so many times from now on. */
  turns(n: number): Promise<void>
  /** Lets them finish, and compares what is stored, but for a bystander's, with what was acknowledged. */
  settle(db: mongoose.mongo.Db, bystander?: string): Promise<void>
}

interface Book {
  /** What is to be found under an id. */
  kept: Map<string, string>
  deleted: Set<string>
  failures: unknown[]
}

/** Three stores, each with a bot that stores, repeats deliveries, changes and deletes messages until told to stop. */
export async function startBots(dbName: string, earlier: number): Promise<Bots> {
  const stores = await Promise.all([1, 2, 3].map(() => makeStore({ dbName })))
  const [store] = stores
  if (!store) throw new Error('no store')
  const user = await makeUser(store)
  const book: Book = { kept: new Map(), deleted: new Set(), failures: [] }
  for (const { id, content } of await makeMessages(store, user.id, earlier)) book.kept.set(id, content)
  let stopped = false
  const counts = stores.map(() => 0)
  const loops = stores.map(async (own, bot) => {
    const mine: string[] = []
    try {
      while (!stopped) {
        await turn(own, user.id, `bot ${bot}, turn ${counts[bot]}`, mine, book)
        counts[bot] = (counts[bot] ?? 0) + 1
      }
    } catch (error) {
      stopped = true
      book.failures.push(error)
    }
  })
  return {
    store,
    turns(n) {
      const goals = counts.map((count) => count + n)
      return until(() => {
        if (book.failures.length > 0) throw book.failures[0]
        return counts.every((count, bot) => count >= (goals[bot] ?? 0))
      })
    },
    async settle(db, bystander) {
      stopped = true
      await Promise.all(loops)
      await compare(db, book, bystander)
    },
  }
}

async function turn(store: DialogueStore, userId: string, text: string, mine: string[], book: Book) {
  const note = ({ id, content }: { id: string; content: string }) => {
    book.kept.set(id, content)
    mine.push(id)
  }
  const named = { userId, sender: 'user', content: `${text}, named`, externalId: text }
  const first = await store.storeMessage(named)
  note(first.message)
  const again = await store.storeMessage(named)
  if (again.created || again.message.id !== first.message.id) throw new Error('stored twice')
  const outcomes = await store.storeMessages(
    [1, 2, 3].map((n) => ({
      userId,
      sender: 'assistant',
      content: `${text}.${n}`,
      metadata: { n, 'a.b': [{}] },
    })),
  )
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.error
    note(outcome.message)
  }
  const changed = mine[Math.floor(Math.random() * mine.length)] ?? ''
  const { content } = await store.updateMessage(userId, changed, { content: `${text}, changed` })
  book.kept.set(changed, content)
  const [gone = ''] = mine.splice(Math.floor(Math.random() * mine.length), 1)
  const removed = await store.deleteMessages(userId, { ids: [gone] })
  if (removed !== 1) throw new Error(`deleted ${removed} messages instead of one`)
  book.kept.delete(gone)
  book.deleted.add(gone)
  const { messages } = await store.retrieveHistory(userId, { limit: 5 })
  if (messages.length !== 5) throw new Error('the history is gone')
}

async function compare(
  db: mongoose.mongo.Db,
  { kept, deleted, failures }: Book,
  bystander: string | undefined,
): Promise<void> {
  expect(failures).toEqual([])
  const others = bystander === undefined ? {} : { userId: { $ne: new ObjectId(bystander) } }
  const stored = await db.collection('dialogue_messages').find(others).toArray()
  const found = new Map(stored.map(({ _id, content }) => [_id.toHexString(), String(content)]))
  expect(found.size).toBe(stored.length)
  expect([...deleted].filter((id) => found.has(id))).toEqual([])
  expect([...kept].filter(([id, content]) => found.get(id) !== content)).toEqual([])
  expect([...found.keys()].filter((id) => !kept.has(id))).toEqual([])
}

/** Options and indexes of the messages, and what else there is in the database. */
export async function shapeOf(db: mongoose.mongo.Db) {
  const [info] = await db.listCollections({ name: 'dialogue_messages' }).toArray()
  const indexes = await db.collection('dialogue_messages').indexes()
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  return {
    options: info && 'options' in info ? info.options : undefined,
    indexes: indexes.toSorted((a, b) => String(a.name).localeCompare(String(b.name))),
    names: names.sort(),
  }
}
