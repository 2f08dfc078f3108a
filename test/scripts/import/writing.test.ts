import { expect, test } from '@jest/globals'
import { idOf, timedIdOf } from '../../../scripts/import/ids.ts'
import type { Item } from '../../../scripts/import/item.ts'
import { createCapWatch, toJson, toText } from '../../../scripts/import/report.ts'
import { createTally } from '../../../scripts/import/tally.ts'
import { storeTarget } from '../../../scripts/import/target.ts'
import { createWriter } from '../../../scripts/import/writer.ts'
import type { DialogueStore } from '../../../src/index.ts'
import { rejection } from '../../support/make.ts'
import { makeStore } from '../../support/store.ts'
import { reasonsIn } from './support.ts'

const user = (owner: string, fields: object = {}): Item => ({
  kind: 'users',
  owner,
  identity: { provider: 'test', id: owner },
  defaults: { name: owner, ...fields },
  place: `user ${owner}`,
})

const message = (owner: string, n: number, fields: object = {}): Item => {
  const timestamp = new Date(1_700_000_000_000)
  const content = `message ${n}`
  return {
    kind: 'messages',
    owner,
    message: { id: timedIdOf(timestamp, n, 'test'), sender: 'user', content, timestamp, ...fields },
    place: `message ${n}`,
  }
}

async function write(store: DialogueStore, items: Item[]) {
  const tally = createTally()
  const writer = createWriter(storeTarget(store), tally)
  for (const item of items) await writer.put(item)
  await writer.flush()
  return tally
}

test('messages of one time keep their order, and ids are always the same', async () => {
  const store = await makeStore()
  await write(store, [user('ana'), ...Array.from({ length: 2500 }, (_, n) => message('ana', n))])
  const { id } = (await store.findUser({ provider: 'test', id: 'ana' })) ?? { id: '' }
  expect(id).toBe(idOf('user', 'test', 'ana'))
  const { messages } = await store.retrieveHistory(id, { limit: 1000 })
  expect(messages.map(({ content }) => content)).toEqual(
    Array.from({ length: 1000 }, (_, n) => `message ${1500 + n}`),
  )
})

test('what a store refuses is counted by itself, and the rest is stored', async () => {
  const store = await makeStore()
  const tally = await write(store, [
    user('ana'),
    user('bea', { name: 'x'.repeat(201) }),
    message('ana', 1),
    message('ana', 2, { content: '' }),
    message('bea', 3),
    message('ana', 4, { content: 'x'.repeat(2 ** 24) }),
    { kind: 'contexts', owner: 'bea', data: { a: 1 }, place: 'context 1' },
    { kind: 'contexts', owner: 'ana', data: { a: new Date() }, place: 'context 2' },
    {
      kind: 'events',
      owner: 'ana',
      event: { id: idOf('event'), summary: '', start: new Date() },
      place: 'event 1',
    },
  ])
  expect(tally.counts).toMatchObject({
    users: { read: 2, created: 1, refused: 1 },
    messages: { read: 4, created: 1, leftOut: 1, refused: 2 },
    contexts: { read: 2, created: 0, leftOut: 1, refused: 1 },
    events: { read: 1, created: 0, refused: 1 },
  })
  expect(reasonsIn(tally)).toContain(
    '1 messages refused: content: may be empty only for voice, or with metadata',
  )
  expect(reasonsIn(tally)).toContain('1 messages left out: whose user could not be stored')
})

test('a message that somebody else has already is told, and not stored twice', async () => {
  const store = await makeStore()
  await write(store, [user('ana'), message('ana', 1)])
  const tally = await write(store, [user('bea'), message('bea', 1), message('bea', 2)])
  expect(tally.counts.messages).toMatchObject({ created: 1, leftOut: 1 })
  expect(reasonsIn(tally)).toEqual(['1 messages left out: stored already, for another user'])
})

test('a store that is out of reach ends it', async () => {
  const store = await makeStore()
  await store.close()
  await rejection(write(store, [user('ana'), message('ana', 1)]), 'STORE_CLOSED')
})

test('a full collection is warned of at once, and at the end', async () => {
  const store = await makeStore({ retention: { kind: 'capped', sizeBytes: 2 ** 16 } })
  const before = await store.stats()
  const tally = await write(store, [
    user('ana'),
    ...Array.from({ length: 1000 }, (_, n) => message('ana', n)),
  ])
  const warnings: string[] = []
  const { write: writeError } = process.stderr
  process.stderr.write = (text: string | Uint8Array) => warnings.push(String(text)) > 0
  const watch = createCapWatch(before, tally)
  watch()
  watch()
  process.stderr.write = writeError
  expect(warnings).toEqual([expect.stringContaining('The capped collection of 64 KiB is full')])
  const target = { database: 'db', prefix: 'dialogue_', before, after: await store.stats() }
  const result = { source: 'x', target, tally, seconds: 1 }
  const dropped = before.messages.count + 1000 - target.after.messages.count
  expect(JSON.parse(toJson(result)).warnings).toEqual([
    expect.stringMatching(new RegExp(`^${dropped} messages, the oldest of all, are not kept`)),
  ])
  expect(toText(result)).toContain(
    'are not kept: the store has dropped what is beyond its retention of 64 KiB.',
  )
  const again = await write(store, [
    user('ana'),
    ...Array.from({ length: 1000 }, (_, n) => message('ana', n)),
  ])
  expect(again.counts.messages).toMatchObject({ created: 0, present: 1000 })
})

test('reasons that are all different are told together from a hundred on, each with three places', () => {
  const tally = createTally()
  for (let n = 0; n < 300; n++)
    for (let k = 0; k < 5; k++)
      tally.remark({ of: 'users', outcome: 'refused', reason: `reason ${n}`, place: `${n}.${k}` })
  const reasons = tally.reasons()
  expect(reasons).toHaveLength(101)
  expect(reasons[0]).toEqual({
    of: 'users',
    outcome: 'refused',
    reason: 'reason 0',
    count: 5,
    places: ['0.0', '0.1', '0.2'],
  })
  expect(reasons[100]).toMatchObject({ reason: 'for other reasons', count: 1000 })
})
