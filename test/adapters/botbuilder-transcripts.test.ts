import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  type Activity,
  MessageFactory,
  type PagedResult,
  TestAdapter,
  TranscriptLoggerMiddleware,
} from 'botbuilder-core'
import { TSX } from '../../scripts/lib/tsx.ts'
import { type BotTranscripts, botTranscripts } from '../../src/adapters/botbuilder.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeWorld, refusedPaths, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { makeActivities, makeConversation, minutes, START } from './support/activities.ts'

let store: DialogueStore
let other: DialogueStore
let transcripts: BotTranscripts
beforeAll(async () => {
  const world = await makeWorld()
  store = world.store
  other = await makeStore({ dbName: world.dbName })
  transcripts = botTranscripts(store)
})

const log = (activities: Activity[], to = transcripts) =>
  Promise.all(activities.map((activity) => to.logActivity(activity)))

/** All pages, one after the other. */
async function all<T>(page: (token?: string) => Promise<PagedResult<T>>): Promise<T[][]> {
  const pages: T[][] = []
  let token: string | undefined
  do {
    const { items, continuationToken } = await page(token)
    pages.push(items)
    token = continuationToken
  } while (token)
  return pages
}

/** The cases for implementers of microsoft/botbuilder-js, libraries/botbuilder-core/tests/transcriptStoreBaseTest.js. */
describe('the base tests of the framework', () => {
  test('_badArgs: refused, and a rejection', async () => {
    const none = untyped(null)
    expect(await refusedPaths(transcripts.logActivity(none))).toEqual(['activity'])
    expect(await refusedPaths(transcripts.getTranscriptActivities(none, none))).toEqual(['channelId'])
    expect(await refusedPaths(transcripts.getTranscriptActivities('foo', none))).toEqual(['conversation.id'])
    expect(await refusedPaths(transcripts.listTranscripts(none))).toEqual(['channelId'])
    expect(await refusedPaths(transcripts.deleteTranscript(none, none))).toEqual(['channelId'])
    expect(await refusedPaths(transcripts.deleteTranscript('foo', none))).toEqual(['conversation.id'])
  })

  test('_logActivity', async () => {
    const conversation = makeConversation()
    const activity = makeActivities(conversation, 1).slice(-1)
    await log(activity)
    const { items, continuationToken } = await transcripts.getTranscriptActivities('test', conversation)
    expect(items).toEqual(activity)
    expect(JSON.stringify(items)).toBe(JSON.stringify(activity))
    expect(continuationToken).toBeUndefined()
  })

  test('_logMultipleActivities', async () => {
    const conversation = makeConversation()
    const activities = makeActivities(conversation)
    await log(activities)
    const none = { items: [], continuationToken: undefined }
    expect(await transcripts.getTranscriptActivities('bogus', conversation)).toEqual(none)
    expect(await transcripts.getTranscriptActivities('test', 'bogus')).toEqual(none)
    const { items } = await transcripts.getTranscriptActivities('test', conversation)
    expect(JSON.stringify(items)).toBe(JSON.stringify(activities))
    const half = await transcripts.getTranscriptActivities('test', conversation, untyped(null), minutes(5))
    expect(half.items).toEqual(activities.slice(5))
  })

  test('_deleteTranscript', async () => {
    const [gone, kept] = [makeConversation(), makeConversation()]
    await log([...makeActivities(gone), ...makeActivities(kept)])
    await transcripts.deleteTranscript('test', gone)
    expect((await transcripts.getTranscriptActivities('test', gone)).items).toEqual([])
    expect((await transcripts.getTranscriptActivities('test', kept)).items).toHaveLength(10)
    const listed = (await all((token) => transcripts.listTranscripts('test', token))).flat()
    expect(listed.map(({ id }) => id)).not.toContain(gone)
    await transcripts.deleteTranscript('test', gone)
  })

  test.each([
    ['_getTranscriptActivities', 0],
    ['_getTranscriptActivitiesStartDate', 50],
  ])('%s', async (_, from) => {
    const conversation = makeConversation()
    const activities = makeActivities(conversation, 50)
    for (let i = 0; i < 100; i += 10) await log(activities.slice(i, i + 10))
    const start = from ? minutes(from) : undefined
    const pages = await all((token) =>
      transcripts.getTranscriptActivities('test', conversation, token, start),
    )
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(20)
    expect(pages.at(-1)?.length).toBeLessThan(20)
    expect(pages.flat()).toEqual(activities.slice(from))
  })

  test('_listTranscripts', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `_ListConversations${i + 1}`)
    for (let i = 0; i < 100; i += 10)
      await log(
        ids
          .slice(i, i + 10)
          .flatMap((id) => makeActivities(id, 1))
          .map((one) => ({ ...one, channelId: 'l' })),
      )
    const pages = await all((token) => transcripts.listTranscripts('l', token))
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(20)
    expect(pages.flat().map(({ id }) => id)).toEqual(ids.toSorted())
    for (const info of pages.flat()) expect(info).toMatchObject({ channelId: 'l', created: START })
  })
})

test('what a bot and a person say are messages of that person, seen by every other reader', async () => {
  const adapter = new TestAdapter(async (context) => {
    await context.sendActivity(MessageFactory.text(`You said ${context.activity.text}`))
  })
  const logged: Promise<void>[] = []
  const logActivity = (activity: Activity) => {
    logged.push(transcripts.logActivity(activity))
    return logged.at(-1)
  }
  adapter.use(new TranscriptLoggerMiddleware({ logActivity }))
  await adapter
    .send('hello')
    .assertReply('You said hello')
    .send('again')
    .assertReply('You said again')
    .startTest()
  await Promise.all(logged)
  const { channelId, conversation, user } = adapter.conversation
  const person = await other.findUser({ provider: channelId, id: user?.id ?? '' })
  const { messages } = await other.retrieveHistory(person?.id ?? '', {
    conversationId: `${channelId}/${conversation.id}`,
  })
  expect(messages.map(({ sender, content }) => [sender, content])).toEqual([
    ['user', 'hello'],
    ['assistant', 'You said hello'],
    ['user', 'again'],
    ['assistant', 'You said again'],
  ])
  expect(messages[1]?.metadata).toMatchObject({ type: 'message', replyToId: messages[0]?.externalId })
  const { items } = await botTranscripts(other).getTranscriptActivities(channelId, conversation.id)
  expect(items.map(({ text }) => text)).toEqual(messages.map(({ content }) => content))
})

test('the Agents SDK logs its own activities, and gets them back', async () => {
  const program = fileURLToPath(new URL('fixtures/agents-transcript.ts', import.meta.url))
  await promisify(execFile)(process.execPath, ['--import', TSX, program])
})

test('an activity that is logged again is stored once; an update and a deletion of it are others', async () => {
  const conversation = makeConversation()
  const [activity] = makeActivities(conversation, 1) as [Activity]
  await Promise.all([log([activity, activity]), log([activity], botTranscripts(other))])
  const update = { ...activity, type: 'messageUpdate', text: 'better', timestamp: minutes(1) }
  const removal = { ...activity, type: 'messageDelete', timestamp: minutes(2) }
  await log([update, update, removal])
  const anonymous = { ...activity, timestamp: minutes(3) }
  delete anonymous.id
  await log([anonymous, anonymous])
  const { items } = await transcripts.getTranscriptActivities('test', conversation)
  expect(items).toEqual([activity, update, removal, anonymous, anonymous])
})

test('all of an activity comes back: its dates, cards, entities and what a channel adds', async () => {
  const conversation = makeConversation()
  const activity = {
    ...(makeActivities(conversation, 1)[0] as Activity),
    ...{ localTimestamp: minutes(1), expiration: minutes(2), localTimezone: 'Europe/Berlin' },
    attachments: [
      { contentType: 'application/vnd.microsoft.card.adaptive', content: { body: [{ 'a.b': null }] } },
    ],
    entities: [{ type: 'mention', $x: 1 }],
    channelData: { at: '2030-01-01T10:00:00.000Z', nested: [[{}]] },
    value: '',
  }
  const typing = {
    ...activity,
    type: 'typing',
    id: 'typing',
    text: untyped(undefined),
    timestamp: minutes(3),
  }
  await log([activity, typing])
  const { items } = await transcripts.getTranscriptActivities('test', conversation)
  expect(items).toEqual([activity, typing])
  expect(JSON.stringify(items)).toBe(JSON.stringify([activity, typing]))
})

test('identityOf says whose an activity is', async () => {
  const conversation = makeConversation()
  const identityOf = ({ conversation: { id } }: Activity) => ({ provider: 'crm', id })
  const own = botTranscripts(store, { identityOf })
  const activities = makeActivities(conversation, 2)
  await log(activities, own)
  const user = await store.findUser({ provider: 'crm', id: conversation })
  const { count } = await store.retrieveHistory(user?.id ?? '')
  expect(count).toBe(4)
  expect((await own.getTranscriptActivities('test', conversation)).items).toEqual(activities)
})

test('who is erased is gone from a transcript, and others stay; who erased all of it finds nothing', async () => {
  const conversation = makeConversation()
  const activities = makeActivities(conversation, 2).map((one) => ({ ...one, channelId: 'erased' }))
  await log(activities)
  const erase = async (id: string) =>
    store.deleteUser((await store.findUser({ provider: 'erased', id }))?.id ?? '')
  await erase('User1')
  const { items } = await transcripts.getTranscriptActivities('erased', conversation)
  expect(items).toEqual(activities.slice(1))
  for (const id of ['User2', 'Bot1']) await erase(id)
  expect((await transcripts.getTranscriptActivities('erased', conversation)).items).toEqual([])
  expect((await transcripts.listTranscripts('erased')).items).toEqual([])
})

test('logging that races with a deletion or an erasure leaves nothing that cannot be found', async () => {
  for (let round = 0; round < 4; round++) {
    const conversation = makeConversation()
    const activities = makeActivities(conversation, 10)
    const logging = log(activities, botTranscripts(other))
    if (round > 1) await other.ping()
    const { id = '' } = (await store.ensureUser({ provider: 'test', id: 'User3' })).user
    await Promise.all([transcripts.deleteTranscript('test', conversation), store.deleteUser(id)])
    await logging
    await transcripts.deleteTranscript('test', conversation)
    for await (const { id: userId } of store.iterateUsers()) {
      const options = { conversationId: `test/${conversation}` }
      expect((await store.retrieveHistory(userId, options)).messages).toEqual([])
    }
  }
})

test('what cannot be is refused before anything is sent', async () => {
  const [activity] = makeActivities(makeConversation(), 1)
  const wrong = (fields: object) => refusedPaths(transcripts.logActivity(untyped({ ...activity, ...fields })))
  expect(await wrong({ channelId: 'a/b' })).toEqual(['activity.channelId'])
  expect(await wrong({ conversation: { id: 'a\nb' } })).toEqual(['activity.conversation.id'])
  expect(await wrong({ conversation: { id: 'x'.repeat(198) } })).toEqual(['activity.conversation'])
  expect(await wrong({ timestamp: 'yesterday' })).toEqual(['activity.timestamp'])
  expect(await wrong({ value: '\ud800' })).toEqual(['activity.value'])
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  expect(await refusedPaths(transcripts.logActivity(untyped(proxy)))).toEqual(['activity'])
  for (const token of ['x', '1_2_3', Buffer.from('2 a').toString('base64url'), proxy]) {
    const list = transcripts.listTranscripts('test', untyped(token))
    expect(await refusedPaths(list)).toEqual(['continuationToken'])
    const page = transcripts.getTranscriptActivities('test', 'c', untyped(token))
    expect(await refusedPaths(page)).toEqual(['continuationToken'])
  }
  expect(() => botTranscripts(store, untyped({ identityOf: 1 }))).toThrow('options.identityOf')
})
