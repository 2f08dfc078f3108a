import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import type {
  CalendarEvent,
  DialogueContext,
  DialogueStore,
  EventPage,
  HistoryPage,
  JsonObject,
  Message,
  NewMessage,
  openStore,
  StoreOptions,
  StoreOutcome,
  User,
} from '../../src/index.ts'
import { makeUser, refusedPaths, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

/*
 * What the compiler has to say: `tsc -p test/tsconfig.json` checks this file. An interface has no index
 * signature, so a parameter of type `Record<string, …>` would refuse it.
 */

interface Draft {
  title: string
  at?: Date | undefined
  notes: string[]
}
interface Plain {
  title: string
  notes?: string[]
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <_ extends true>(): void => {}

const draft: Plain = { title: 'Dinner', notes: ['vegan'] }
const start = new Date('2030-05-01T09:00Z')

describe('without shapes', () => {
  test('interfaces go in, and any JSON object comes out', async () => {
    const store = await makeStore()
    const user = await store.createUser({ name: 'Ana', data: draft })
    await store.ensureUser({ provider: 'x', id: '1' }, { data: draft })
    await store.updateUser(user.id, { data: draft })
    const { message } = await store.storeMessage({
      userId: user.id,
      sender: 'user',
      content: 'x',
      metadata: draft,
    })
    await store.updateMessage(user.id, message.id, { metadata: draft })
    const { context } = await store.storeContext(user.id, draft)
    await store.mergeContext(user.id, draft)
    await store.updateContext(user.id, () => draft)
    const { event } = await store.storeEvent({ creatorId: user.id, summary: 'x', start, data: draft })
    await store.updateEvent(event.id, { data: draft })
    holds<Equal<typeof user.data, JsonObject>>()
    holds<Equal<typeof message.metadata, JsonObject>>()
    holds<Equal<typeof context.data, JsonObject>>()
    holds<Equal<typeof event.data, JsonObject>>()
    const outcomes: StoreOutcome[] = await store.storeMessages([])
    const page: HistoryPage = await store.retrieveHistory(user.id)
    const events: EventPage = await store.retrieveEvents()
    expect([outcomes.length, page.count, events.count]).toEqual([0, 1, 1])
    for (const data of [user.data, message.metadata, context.data, event.data]) expect(data).toEqual(draft)
  })

  test('what JSON cannot say is found at run time', async () => {
    const store = await makeStore()
    const { id } = await makeUser(store)
    const dated: Draft = { title: 'Dinner', notes: [], at: start }
    expect(await refusedPaths(store.storeContext(id, dated))).toEqual(['data.at'])
    const undated: Draft = { title: 'Dinner', notes: [], at: undefined }
    expect((await store.storeContext(id, undated)).context.data).toEqual({ title: 'Dinner', notes: [] })
  })
})

const shapes = {
  context: z.object({ summary: z.string().default('none yet'), facts: z.array(z.string()).optional() }),
  userData: z.object({ plan: z.enum(['free', 'paid']).default('free') }),
  metadata: z.object({ confidence: z.number() }),
  eventData: z.object({ room: z.string().transform((room) => room.toUpperCase()) }),
}

describe('with shapes', () => {
  test('each field is typed on its way in and on its way out', async () => {
    const store = await makeStore({ shapes })
    const user = await store.createUser({ name: 'Ana' })
    const { message } = await store.storeMessage({
      userId: user.id,
      sender: 'user',
      content: 'x',
      metadata: { confidence: 0.9 },
    })
    const { context } = await store.storeContext(user.id, {})
    const { event } = await store.storeEvent({
      creatorId: user.id,
      summary: 'x',
      start,
      data: { room: 'a1' },
    })
    holds<Equal<typeof user.data.plan, 'free' | 'paid'>>()
    holds<Equal<typeof message.metadata, { confidence: number }>>()
    holds<Equal<typeof context.data, { summary: string; facts?: string[] | undefined }>>()
    holds<Equal<typeof event.data.room, string>>()
    expect([user.data, message.metadata, context.data, event.data]).toEqual([
      { plan: 'free' },
      { confidence: 0.9 },
      { summary: 'none yet' },
      { room: 'A1' },
    ])
    await store.updateContext(user.id, (data) => ({ ...data, facts: [data.summary.trim()] }))
    const { creator } = await store.getEvent(event.id, { withCreator: true })
    holds<Equal<NonNullable<typeof creator>['data'], { plan: 'free' | 'paid' }>>()
    for await (const { metadata } of store.iterateHistory(user.id)) expect(metadata.confidence).toBe(0.9)
  })

  test('what a shape does not take, the compiler does not take either', async () => {
    const store = await makeStore({ shapes })
    const { id } = await makeUser(untyped(store))
    // @ts-expect-error a number is no summary
    const wrong = store.storeContext(id, { summary: 7 })
    expect(await refusedPaths(wrong)).toEqual(['data.summary'])
    // @ts-expect-error confidence is missing
    const missing = store.storeMessage({ userId: id, sender: 'user', content: 'x', metadata: {} })
    expect(await refusedPaths(missing)).toEqual(['metadata.confidence'])
    // @ts-expect-error there is no such plan
    expect(await refusedPaths(store.createUser({ name: 'Bia', data: { plan: 'gold' } }))).toEqual([
      'data.plan',
    ])
  })

  test('a shape of one field leaves the others as they are', () => {
    type Store = DialogueStore<{ context: typeof shapes.context }>
    holds<Equal<Awaited<ReturnType<Store['getUser']>>['data'], JsonObject>>()
    holds<Equal<Awaited<ReturnType<Store['retrieveContext']>>['data']['summary'], string>>()
    expect(shapes.context.parse({})).toEqual({ summary: 'none yet' })
  })
})

describe('the exported types', () => {
  test('are those of the verbs', () => {
    holds<Equal<Awaited<ReturnType<DialogueStore['getUser']>>, User>>()
    holds<Equal<Awaited<ReturnType<DialogueStore['getMessage']>>, Message>>()
    holds<Equal<Awaited<ReturnType<DialogueStore['retrieveContext']>>, DialogueContext>>()
    holds<Equal<Awaited<ReturnType<DialogueStore['getEvent']>>, CalendarEvent>>()
    holds<Equal<Parameters<DialogueStore['storeMessage']>[0], NewMessage>>()
    holds<Equal<Parameters<typeof openStore>[0] extends StoreOptions ? true : false, true>>()
    const uri = { uri: 'mongodb://localhost' } satisfies StoreOptions
    // @ts-expect-error neither uri nor connection
    const neither: StoreOptions = { prefix: 'bot_' }
    expect([uri, neither]).toHaveLength(2)
  })
})
