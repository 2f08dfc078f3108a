import { beforeAll, describe, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, NewEvent } from '../../src/index.ts'
import { rejection } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

const MIB = 2 ** 20

let store: DialogueStore
beforeAll(async () => {
  store = await makeStore()
})

/* Nobody and nothing has that id: whoever asked the server would be told so. */
const id = new ObjectId().toHexString()

const says = (content: string) => ({ userId: id, sender: 'user', content })

/** Each of their fields fits, all together do not. */
const crowded: Partial<NewEvent> = {
  attendees: Array.from({ length: 200 }, (_, i) => ({
    email: `guest-${i}@example.com`,
    comment: 'é'.repeat(2000),
  })),
  data: { notes: 'x'.repeat(15.8 * MIB) },
}

describe('beyond 16 MiB is TOO_LARGE before anything is sent', () => {
  const huge = 'x'.repeat(17 * MIB)
  const event = { creatorId: id, summary: 'Dentist', start: new Date('2030-05-01T09:00:00Z') }
  test.each<[string, () => Promise<unknown>]>([
    ['the content of a message', () => store.storeMessage(says(huge))],
    ['as many characters as no document has bytes', () => store.storeMessage(says('x'.repeat(2 ** 24 + 1)))],
    ['what a message is changed to', () => store.updateMessage(id, id, { content: huge })],
    [
      'what a message is changed to, all together',
      () =>
        store.updateMessage(id, id, { content: 'x'.repeat(9 * MIB), metadata: { x: 'x'.repeat(9 * MIB) } }),
    ],
    ['metadata', () => store.storeMessage({ ...says('x'), metadata: { huge } })],
    ['a context', () => store.storeContext(id, { huge })],
    ['what a context is merged with', () => store.mergeContext(id, { huge })],
    ['the data of a user', () => store.updateUser(id, { data: { huge } })],
    ['the data of an event', () => store.storeEvent({ ...event, data: { huge } })],
    ['an event, all together', () => store.storeEvent({ ...event, ...crowded })],
    ['what an event is changed to', () => store.updateEvent(id, crowded)],
  ])('%s', async (_, call) => {
    expect(await rejection(call(), 'TOO_LARGE')).toMatchObject({ outcome: 'not-applied', retryable: false })
  })

  test('a message of a bulk, alone', async () => {
    const [outcome, ...more] = await store.storeMessages([says(huge)])
    expect(outcome).toMatchObject({ status: 'rejected', error: { code: 'TOO_LARGE' } })
    expect(more).toEqual([])
  })

  test('in a transaction, too', async () => {
    const calls = [
      () => store.withTransaction((tx) => tx.storeMessage(says(huge))),
      () => store.withTransaction((tx) => tx.updateMessage(id, id, { content: huge })),
      () => store.withTransaction((tx) => tx.storeEvent({ ...event, ...crowded })),
    ]
    for (const call of calls) await rejection(call(), 'TOO_LARGE')
  })
})
