import { describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { makeUser } from '../support/make.ts'
import { makeStore } from '../support/store.ts'
import { makeWorld, START } from './support/world.ts'

type Verbs = Pick<DialogueStore, 'storeEvent' | 'updateEvent' | 'cancelEvent' | 'deleteEvent'>

const NOTHING = { pushed: 0, updated: 0, removed: 0, conflicts: 0, failed: 0 }

/** What a webhook does to an event that is at Google, and what of it goes there. */
const CHANGES: [
  string,
  (verbs: Verbs, ids: { id: string; creatorId: string }) => Promise<unknown>,
  object,
][] = [
  [
    'stores',
    (verbs, { creatorId }) => verbs.storeEvent({ creatorId, summary: 'New', start: START }),
    { pushed: 1 },
  ],
  ['changes', (verbs, { id }) => verbs.updateEvent(id, { summary: 'Changed' }), { updated: 1 }],
  ['cancels', (verbs, { id }) => verbs.cancelEvent(id), { removed: 1 }],
  ['deletes', (verbs, { id }) => verbs.deleteEvent(id), { removed: 1 }],
]

/** A process that knows no sync, and a worker that has one. */
async function deployment() {
  const world = await makeWorld()
  const webhook = await makeStore({ dbName: world.dbName })
  const { id } = await world.event()
  const worker = world.sync()
  await worker.push()
  await worker.pull('primary')
  return { ...world, webhook, worker, ids: { id, creatorId: world.creatorId } }
}

describe.each(CHANGES)('a process without a sync %s an event', (_, change, result) => {
  test('and a worker publishes that', async () => {
    const { webhook, worker, ids } = await deployment()
    await change(webhook, ids)
    expect(await worker.push()).toEqual({ ...NOTHING, ...result })
    expect(await worker.push()).toEqual(NOTHING)
  })

  test('in a transaction: with it, or not at all', async () => {
    const { webhook, worker, ids } = await deployment()
    const givenUp = webhook.withTransaction(async (tx) => {
      await change(tx, ids)
      throw new Error('given up')
    })
    await expect(givenUp).rejects.toThrow('given up')
    expect(await worker.push()).toEqual(NOTHING)
    await webhook.withTransaction((tx) => change(tx, ids))
    expect(await worker.push()).toEqual({ ...NOTHING, ...result })
  })
})

test('a process without a sync erases a user, and a worker removes all of theirs', async () => {
  const { webhook, worker, ids, there, event } = await deployment()
  for (let i = 0; i < 3; i++) await event({ summary: `${i}` })
  await worker.push()
  const other = await makeUser(webhook)
  await webhook.storeEvent({ creatorId: other.id, summary: 'stays', start: START })
  await worker.push()
  await webhook.deleteUser(ids.creatorId)
  expect(await worker.push()).toEqual({ ...NOTHING, removed: 4 })
  expect(there()).toMatchObject([{ summary: 'stays' }])
})

describe('a series goes there and back unharmed', () => {
  test('of whole days, with a day that people have cancelled', async () => {
    const { event, sync, store, people } = await makeWorld()
    const zone = 'America/Sao_Paulo'
    const { id } = await event({
      ...{ start: new Date('2030-05-06T03:00:00Z'), allDay: true, timezone: zone },
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
    })
    await sync().push()
    await sync().pull('primary')
    people.cancelInstance(id, new Date('2030-05-13T00:00:00Z'))
    await sync().pull('primary')
    const { recurrence } = await store.getEvent(id)
    expect(recurrence).toEqual(['RRULE:FREQ=WEEKLY;COUNT=4', 'EXDATE;VALUE=DATE:20300513'])
    await store.updateEvent(id, { summary: 'Holidays' })
    await sync().push()
    const series = people.events().find((one) => one.id === id)
    expect(series).toMatchObject({
      ...{ summary: 'Holidays', start: { date: '2030-05-06' }, end: { date: '2030-05-07' } },
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
    })
  })

  test('across daylight saving, with dates of the bot’s own', async () => {
    const { event, sync, store, people } = await makeWorld()
    const zone = 'America/New_York'
    const recurrence = ['RRULE:FREQ=WEEKLY;COUNT=4', 'EXDATE;TZID=America/New_York:20300312T090000']
    /* Nine o'clock there, before and after the tenth of March. */
    const { id } = await event({ start: new Date('2030-03-05T14:00:00Z'), timezone: zone, recurrence })
    const before = await store.getEvent(id)
    await sync().push()
    const there = people.events().find((one) => one.id === id)
    expect(there).toMatchObject({ recurrence, start: { timeZone: zone } })
    expect(Date.parse(there?.start?.dateTime ?? '')).toBe(Date.parse('2030-03-05T14:00:00Z'))
    people.change(id, { summary: 'Course' })
    await sync().pull('primary')
    const { start, end, timezone, recurrence: after, summary } = await store.getEvent(id)
    expect({ start, end, timezone, after, summary }).toEqual({
      ...{ start: before.start, end: before.end, timezone: zone, after: recurrence, summary: 'Course' },
    })
    expect(await sync().push()).toEqual(NOTHING)
  })
})
