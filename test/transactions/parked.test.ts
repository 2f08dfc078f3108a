import { expect, test } from '@jest/globals'
import pino from 'pino'
import { makeUser, storedOf } from '../support/make.ts'
import { leaveEntry, messageOf, unsettledIn } from './support/entries.ts'
import { contentsIn, journalOf, makeTurnWorld, RETENTIONS, says } from './support/turns.ts'

/** A logger whose lines are kept. */
function makeLog() {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { lines, logger }
}

test.each(RETENTIONS)('an entry that the validator refuses is parked, %s', async (_, retention) => {
  const { lines, logger } = makeLog()
  const { store, db, another } = await makeTurnWorld(retention, { logger })
  const { id: userId } = await makeUser(store)
  await store.storeMessage(says(userId, 'before'))
  /* Somebody else's rule, which the store knows nothing of. */
  await db.command({ collMod: 'dialogue_messages', validator: { content: { $ne: 'forbidden' } } })
  const committed = new Date()
  const start = performance.now()
  await store.withTransaction(async (tx) => {
    await tx.storeMessage(says(userId, 'forbidden'))
    await tx.mergeContext(userId, { turns: 1 })
  })
  /* The transaction itself is committed. */
  expect(performance.now() - start).toBeLessThan(5000)
  expect((await store.retrieveContext(userId)).data).toEqual({ turns: 1 })
  expect(await journalOf(db).find().toArray()).toMatchObject([
    { parked: { code: 121 }, inserts: [{ content: 'forbidden' }] },
  ])
  expect(lines.filter(({ level, op }) => level === 50 && op === 'settle')).toMatchObject([{ code: 121 }])
  expect(JSON.stringify(lines)).not.toContain('forbidden')

  const { journal } = await store.stats()
  expect(journal.unsettled).toBe(1)
  expect(journal.oldest?.getTime()).toBeGreaterThanOrEqual(committed.getTime() - 1000)

  /* Nobody waits for it: neither who opens, nor who reads, writes or erases. */
  const opening = performance.now()
  const other = await another()
  for (const one of [store, other]) {
    expect(await contentsIn(one, userId)).toEqual(['before'])
    expect((await one.retrieveContext(userId, { pending: true })).pending).toBe(1)
  }
  await other.withTransaction((tx) => tx.updateContext(userId, () => ({ turns: 2 })))
  await other.deleteMessages(userId, { all: true })
  await other.withTransaction((tx) => tx.storeMessage(says(userId, 'after')))
  expect(await contentsIn(store, userId)).toEqual(['after'])
  expect(performance.now() - opening).toBeLessThan(10_000)
  expect(await unsettledIn(db)).toBe(1)
  expect(await other.deleteUser(userId)).toMatchObject({ messages: 1 })
  expect((await storedOf(db, userId)).messages).toEqual([])
  expect(await unsettledIn(db)).toBe(0)
})

test('an entry with a message larger than a cap that was lowered since is parked, and evicts nothing', async () => {
  const { store, db, another } = await makeTurnWorld({ kind: 'capped', sizeBytes: 4 * 2 ** 20 })
  const { id: userId } = await makeUser(store)
  await store.storeMessage(says(userId, 'kept'))
  const large = messageOf(userId, 'x'.repeat(2 ** 20))
  await store.close()
  await leaveEntry(db, userId, { inserts: [large], largest: 2 ** 20 + 200 })
  const other = await another({ retention: { kind: 'capped', sizeBytes: 2 ** 19 } })
  expect(await contentsIn(other, userId)).toEqual(['kept'])
  expect((await other.stats()).journal.unsettled).toBe(1)
  expect(await journalOf(db).find().toArray()).toMatchObject([{ parked: { code: 10334 } }])
})
