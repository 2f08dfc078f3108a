import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, HistoryOptions } from '../../src/index.ts'
import { makeUser } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { lookupsOf, type Profiled, profile } from './support/profile.ts'

const BASE = Date.UTC(2024, 0, 1)
const COUNT = 25_000
/** A thousand messages share each moment. */
const timeOf = (i: number) => new Date(BASE + Math.floor(i / 1000) * 1000)
/** A rare sender spoke at the very beginning, and in the middle. */
const RARE = [3, 14_000]
const BOUND = 10_000

let store: DialogueStore
let db: mongoose.mongo.Db
let userId: string
beforeAll(async () => {
  const made = await makeDatabase()
  db = made.db
  store = await makeStore({ dbName: made.dbName, retention: { kind: 'capped', sizeBytes: 64 * 2 ** 20 } })
  userId = (await makeUser(store)).id
  const { id: otherId } = await makeUser(store)
  const inputs = Array.from({ length: COUNT }, (_, i) => ({
    userId: i % 10 === 9 ? otherId : userId,
    sender: RARE.includes(i) ? 'rare' : 'user',
    content: `${i}`,
    timestamp: timeOf(i),
    ...(i % 2500 === 0 && { conversationId: 'rare' }),
  }))
  await store.storeMessages(inputs)
  await leaveParked(otherId)
})

/** Somebody else's entries in the journal, which nobody will ever settle. */
async function leaveParked(user: string): Promise<void> {
  const now = new Date()
  const entries = Array.from({ length: 50 }, () => ({
    userId: new ObjectId(user),
    ...{ inserts: [], replacements: [], deletions: [], largest: 0 },
    ...{ active: 1, until: now, createdAt: now, parked: { code: 121, at: now } },
  }))
  await db.collection('dialogue_journal').insertMany(entries)
}

async function cursorOf(content: string): Promise<string> {
  const found = await db.collection('dialogue_messages').findOne({ userId: new ObjectId(userId), content })
  return (await store.getMessage(userId, { id: found?._id ?? '' })).cursor
}

const OWN = COUNT * 0.9
const read = (options: HistoryOptions) => store.retrieveHistory(userId, options)

/** Every command found its way by an index, in the index's order. */
function expectIndexed(ops: Profiled[]): void {
  expect(ops.length).toBeGreaterThan(0)
  for (const { planSummary, hasSortStage } of ops) {
    expect(planSummary).toMatch(/IXSCAN|IDHACK|COUNT_SCAN|DISTINCT_SCAN|EOF/)
    expect(planSummary).not.toMatch(/COLLSCAN/)
    expect(hasSortStage).toBe(false)
  }
}

async function cost(options: HistoryOptions) {
  const ops = await profile(db, () => read(options))
  expectIndexed(ops)
  const pages = ops.filter(({ command }) => command.aggregate === 'dialogue_users')
  const lookups = (await Promise.all(pages.map((op) => lookupsOf(db, op)))).flat()
  for (const { scans } of lookups) expect(scans).toBe(0)
  return { ops, lookups, others: ops.filter((op) => !pages.includes(op)) }
}

describe('a page without filter', () => {
  const places: [string, () => Promise<HistoryOptions>][] = [
    ['the newest', async () => ({})],
    ['amid a thousand equal timestamps', async () => ({ before: (await middle()).before })],
    ['forward, amid a thousand equal timestamps', async () => ({ after: (await middle()).before })],
    ['of a time', async () => ({ from: timeOf(5000), to: timeOf(20_000) })],
    ['of a time, before a place', async () => ({ from: timeOf(500), before: (await middle()).before })],
    ['of a rare conversation', async () => ({ conversationId: 'rare' })],
    ['of a rare conversation, before a place', async () => ({ conversationId: 'rare', ...(await middle()) })],
  ]
  const middle = async () => ({ before: await cursorOf('12500') })
  /** What each part of the command may examine: the page, what lies beyond it, what is in the journal, the user. */
  const MOST = new Map([
    ['messages.page', { keys: 54, docs: 51 }],
    ['messages.beyond', { keys: 4, docs: 0 }],
    ['open', { keys: 1, docs: 0 }],
    ['then', { keys: 1, docs: 1 }],
  ])

  test.each(places)('%s reads the keys of its messages and few more', async (_, options) => {
    const { lookups } = await cost({ ...(await options()), count: false })
    const names = lookups.map(({ as }) => as)
    expect(names).toEqual(expect.arrayContaining(['open', 'messages.page', 'then']))
    for (const { as, keys, docs } of lookups) {
      expect(keys).toBeLessThanOrEqual(MOST.get(as)?.keys ?? 0)
      expect(docs).toBeLessThanOrEqual(MOST.get(as)?.docs ?? 0)
    }
  })

  test('is one command with its user', async () => {
    expect((await cost({ count: false })).ops).toHaveLength(1)
  })
})

describe('a count', () => {
  const countsOf = ({ others }: Awaited<ReturnType<typeof cost>>) =>
    others.filter(({ name, command }) => name === 'count' || command.pipeline)

  test('examines 10,000 keys and no document, and says that it is a floor', async () => {
    expect(await read({})).toMatchObject({ count: BOUND, countIsExact: false })
    const [op, ...more] = countsOf(await cost({}))
    expect(more).toEqual([])
    expect(op).toMatchObject({ keysExamined: BOUND, docsExamined: 0 })
  })

  test('of a rare sender examines 10,000 keys and no document', async () => {
    expect(await read({ senders: ['rare'] })).toMatchObject({ count: 1, countIsExact: false })
    const [op] = countsOf(await cost({ senders: ['rare'] }))
    expect(op).toMatchObject({ keysExamined: BOUND, docsExamined: 0 })
  })

  test('of a part that is small is exact, and examines that part', async () => {
    const part = { from: timeOf(1000), to: timeOf(2000) }
    expect(await read(part)).toMatchObject({ count: 900, countIsExact: true })
    const [op] = countsOf(await cost(part))
    expect(op?.keysExamined).toBeLessThanOrEqual(902)
    expect(await read({ ...part, senders: ['user'] })).toMatchObject({ count: 900, countIsExact: true })
    const [sifted] = countsOf(await cost({ ...part, senders: ['user'] }))
    expect(sifted).toMatchObject({ docsExamined: 0 })
    expect(sifted?.keysExamined).toBeLessThanOrEqual(902)
  })

  test("examines them all when it is to be 'exact', and no document", async () => {
    expect(await read({ count: 'exact' })).toMatchObject({ count: OWN, countIsExact: true })
    const rare: HistoryOptions = { count: 'exact', senders: ['rare'] }
    expect(await read(rare)).toMatchObject({ count: RARE.length, countIsExact: true })
    for (const options of [rare, { ...rare, senders: undefined }])
      expect(countsOf(await cost(options))[0]).toMatchObject({ docsExamined: 0 })
  })

  test('that is false sends no command', async () => {
    expect(countsOf(await cost({ count: false }))).toEqual([])
  })
})

describe('pages of a rare sender', () => {
  const rare: HistoryOptions = { senders: ['rare'], count: false }

  test('examine no more than 10,000 keys each, and find everything', async () => {
    const found: string[] = []
    let before: string | null = null
    let pages = 0
    do {
      const options: HistoryOptions = { ...rare, before }
      const { lookups, others } = await cost(options)
      for (const { keys, docs } of lookups) {
        expect(keys).toBeLessThanOrEqual(BOUND + 5)
        expect(docs).toBeLessThanOrEqual(2)
      }
      for (const { keysExamined, docsExamined } of others) {
        expect(keysExamined).toBeLessThanOrEqual(BOUND + 5)
        expect(docsExamined).toBe(0)
      }
      const page = await read(options)
      found.unshift(...page.messages.map(({ content }) => content))
      before = page.older
      pages++
    } while (before)
    expect(found).toEqual(RARE.map(String))
    expect(pages).toBe(Math.ceil(OWN / BOUND))
  })

  test('lead back to what lies further than 10,000 keys', async () => {
    let page = await read({ ...rare, before: await cursorOf('500') })
    expect(page).toMatchObject({ messages: [{ content: '3' }], older: null, newer: expect.any(String) })
    const found: string[] = []
    while (page.newer) {
      page = await read({ ...rare, after: page.newer })
      found.push(...page.messages.map(({ content }) => content))
    }
    expect(found).toEqual(['14000'])
  })
})

describe('what reads a history without paging', () => {
  test('finds its way by an index, too', async () => {
    const id = (await read({ limit: 1, count: false })).messages[0]?.id ?? ''
    const iterate = async () => {
      for await (const _ of store.iterateHistory(userId, { senders: ['user'], from: timeOf(20_000) }));
    }
    const works = [
      iterate,
      () => store.getMessage(userId, { id }),
      () => store.getMessage(userId, { externalId: 'none' }).catch(() => {}),
      () => store.updateMessage(userId, id, { content: 'changed' }),
      () => store.retrieveContext(userId, { pending: true }),
      () => store.retrieveContext(userId, { pending: { senders: ['rare'] } }),
    ]
    for (const work of works) expectIndexed((await profile(db, work)).filter(({ op }) => op !== 'insert'))
  })

  test('deletes what it is asked for, not reading the rest', async () => {
    const ids = (await read({ limit: 1000, count: false })).messages.map(({ id }) => id)
    const works: [number, () => Promise<number>][] = [
      [10, () => store.deleteMessages(userId, { conversationId: 'rare' })],
      [1000, () => store.deleteMessages(userId, { ids })],
    ]
    for (const [count, work] of works) {
      const ops = await profile(db, work)
      expectIndexed(ops)
      for (const { keysExamined } of ops) expect(keysExamined).toBeLessThanOrEqual(2 * count + 2)
    }
  })
})
