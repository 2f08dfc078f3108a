import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { DialogueStore, HistoryOptions, IterateOptions, Message } from '../../src/index.ts'
import { makeMessages, makeUser, makeWorld } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let other: DialogueStore
beforeAll(async () => {
  const world = await makeWorld()
  store = world.store
  other = await makeStore({ dbName: world.dbName })
})

/** Few moments, so that many messages share one; some as far away as a Date can say. */
const moment = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }).map((i) => new Date(Date.UTC(2024, 0, 1) + i)) },
  { weight: 1, arbitrary: fc.constantFrom(new Date(-8.64e15), new Date(8.64e15), new Date(0), new Date(-1)) },
)
const draft = fc.record({
  timestamp: moment,
  sender: fc.constantFrom('user', 'assistant'),
  conversationId: fc.constantFrom(undefined, 'c'),
  /** Whether it goes away while the walk is on. */
  passing: fc.boolean(),
})
const limits = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
const drafts = fc.array(draft, { minLength: 1, maxLength: 60 })
const direction = fc.constantFrom('back' as const, 'forth' as const)

type Draft = typeof draft extends fc.Arbitrary<infer D> ? D : never

async function storeAll(userId: string, given: Draft[]): Promise<Message[]> {
  const inputs = given.map(({ passing, ...fields }) => ({
    ...fields,
    userId,
    content: passing ? 'passing' : 'staying',
  }))
  const outcomes = await store.storeMessages(inputs)
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.error
    return outcome.message
  })
}

/** All pages from one end to the other; `between` runs after each. */
async function walk(
  userId: string,
  way: 'back' | 'forth',
  sizes: number[],
  options: HistoryOptions,
  between: (page: number) => Promise<unknown> = async () => {},
): Promise<Message[]> {
  const seen: Message[] = []
  let place: string | null = way === 'back' ? null : await beginning(userId, options)
  for (let i = 0; ; i++) {
    const limit = sizes[i % sizes.length] ?? 1
    const page = await store.retrieveHistory(userId, {
      ...options,
      limit,
      count: false,
      ...(way === 'back' ? { before: place } : { after: place }),
    })
    expect(page.messages.length).toBeLessThanOrEqual(limit)
    if (way === 'back') seen.unshift(...page.messages)
    else seen.push(...page.messages)
    place = way === 'back' ? page.older : page.newer
    if (!place) return seen
    await between(i)
  }
}

/** The place before everything: where a walk back ends. */
async function beginning(userId: string, options: HistoryOptions): Promise<string | null> {
  const { messages } = await store.retrieveHistory(userId, { ...options, limit: 1000 })
  const [first] = messages
  if (!first) return null
  return (await store.retrieveHistory(userId, { ...options, before: first.cursor })).newer
}

const inOrder = (messages: Message[]) =>
  messages.toSorted((a, b) => a.timestamp.getTime() - b.timestamp.getTime() || (a.id < b.id ? -1 : 1))
const idsOf = (messages: Message[]) => messages.map(({ id }) => id)

describe('pages of a history, walked either way with any limits', () => {
  test('give each message once, in order, while others come and go', async () => {
    await fc.assert(
      fc.asyncProperty(
        drafts,
        limits,
        direction,
        fc.array(draft, { minLength: 3, maxLength: 3 }),
        async (given, sizes, way, late) => {
          const { id: userId } = await makeUser(store)
          const messages = await storeAll(userId, given)
          const leaving = messages.filter(({ content }) => content === 'passing')
          const between = async (page: number) => {
            const gone = leaving[page]
            const come = late[page]
            await Promise.all([
              gone && other.deleteMessages(userId, { ids: [gone.id] }),
              come &&
                other.storeMessage({ userId, sender: 'late', content: 'passing', timestamp: come.timestamp }),
            ])
          }
          const seen = await walk(userId, way, sizes, {}, between)
          const staying = messages.filter(({ content }) => content === 'staying')
          expect(idsOf(seen.filter(({ content }) => content === 'staying'))).toEqual(idsOf(inOrder(staying)))
          expect(new Set(idsOf(seen)).size).toBe(seen.length)
          expect(idsOf(seen)).toEqual(idsOf(inOrder(seen)))
        },
      ),
      { numRuns: 20 },
    )
  })

  test('give what passes a filter, and its count says how much that is', async () => {
    const filter: fc.Arbitrary<IterateOptions> = fc.record(
      {
        from: moment,
        to: moment,
        senders: fc.constant(['user', 'nobody']),
        conversationId: fc.constant('c'),
      },
      { requiredKeys: [] },
    )
    const ordered = filter.filter(({ from, to }) => !from || !to || from <= to)
    await fc.assert(
      fc.asyncProperty(drafts, limits, direction, ordered, async (given, sizes, way, options) => {
        const { id: userId } = await makeUser(store)
        const messages = inOrder(await storeAll(userId, given))
        const wanted = messages.filter(
          ({ timestamp, sender, conversationId }) =>
            (!options.from || timestamp >= options.from) &&
            (!options.to || timestamp < options.to) &&
            (!options.senders || options.senders.includes(sender)) &&
            (!options.conversationId || options.conversationId === conversationId),
        )
        expect(await walk(userId, way, sizes, options)).toEqual(wanted)
        expect(await store.retrieveHistory(userId, options)).toMatchObject({
          count: wanted.length,
          countIsExact: true,
        })
        const iterated: Message[] = []
        for await (const message of store.iterateHistory(userId, options)) iterated.push(message)
        expect(iterated).toEqual(wanted)
      }),
      { numRuns: 20 },
    )
  })

  test('know at each place whether anything lies further either way', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, fc.nat(), fc.integer({ min: 1, max: 70 }), async (given, at, limit) => {
        const { id: userId } = await makeUser(store)
        const messages = inOrder(await storeAll(userId, given))
        const i = at % messages.length
        const cursor = messages[i]?.cursor ?? ''
        const back = await store.retrieveHistory(userId, { before: cursor, limit })
        expect(back.messages).toEqual(messages.slice(Math.max(0, i - limit), i))
        expect(back.older === null).toBe(i <= limit)
        expect(back.newer).not.toBeNull()
        const forth = await store.retrieveHistory(userId, { after: cursor, limit })
        expect(forth.messages).toEqual(messages.slice(i + 1, i + 1 + limit))
        expect(forth.newer === null).toBe(i + 1 + limit >= messages.length)
        expect(forth.older).not.toBeNull()
      }),
      { numRuns: 20 },
    )
  })
})

test('two stores that write at once leave a history that reads the same either way', async () => {
  const { id: userId } = await makeUser(store)
  const timestamp = new Date()
  await Promise.all(
    [store, other, store, other].map((by, i) =>
      makeMessages(by, userId, 200, { timestamp, content: `${i}` }),
    ),
  )
  const back = await walk(userId, 'back', [37], {})
  const forth = await walk(userId, 'forth', [41, 3], {})
  expect(back).toHaveLength(800)
  expect(forth).toEqual(back)
})
