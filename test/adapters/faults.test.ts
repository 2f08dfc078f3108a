import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Activity } from 'botbuilder-core'
import { type BotTranscripts, botStorage, botTranscripts } from '../../src/adapters/botbuilder.ts'
import type { DialogueStore } from '../../src/index.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { rejection, untyped } from '../support/make.ts'
import { makeActivities, makeConversation } from './support/activities.ts'

let faulty: Awaited<ReturnType<typeof makeFaultyServer>>
/** Gives up before anything is confirmed. */
let hasty: DialogueStore
let transcripts: BotTranscripts
beforeAll(async () => {
  faulty = await makeFaultyServer()
  hasty = await faulty.open({ timeoutMs: 1000 })
  transcripts = botTranscripts(hasty)
})
afterAll(() => faulty?.stop())
afterEach(() => faulty.heal())

/** Inserts are carried out, but their replies say that the majority did not confirm them in time. */
const fail = (collection: string) =>
  faulty.fail({
    ...{ failCommands: ['insert'], collection },
    writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' },
  })

test('an activity that may be stored is logged again only where its id keeps it from being stored twice', async () => {
  const [first, , named] = makeActivities(makeConversation()) as [Activity, Activity, Activity]
  const nameless: Activity = untyped({ ...named, id: undefined })
  await transcripts.logActivity(first)
  await fail('messages')
  const unknown = { outcome: 'unknown' }
  await expect(transcripts.logActivity(named)).rejects.toMatchObject({ ...unknown, retryable: true })
  await expect(transcripts.logActivity(nameless)).rejects.toMatchObject({ ...unknown, retryable: false })
})

test('a write of items of which one conflicts, and nobody heard of the other, is no write of nothing', async () => {
  const storage = botStorage(hasty, { namespace: 'bot' })
  await storage.write({ a: { n: 0 } })
  const { a } = await storage.read(['a'])
  await storage.write({ a: { n: 1 } })
  await fail('sessions')
  expect(await rejection(storage.write({ a, b: { n: 2 } }), 'VERSION_CONFLICT')).toMatchObject({
    outcome: 'unknown',
  })
  expect(await rejection(storage.write({ a }), 'VERSION_CONFLICT')).toMatchObject({ outcome: 'not-applied' })
  await faulty.heal()
  expect(await storage.read(['a', 'b'])).toMatchObject({ a: { n: 1 }, b: { n: 2 } })
})
