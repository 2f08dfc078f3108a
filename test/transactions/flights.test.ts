import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { nextId, ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import { seenKey } from '../../src/messages/claim.ts'
import { makeFaultyServer } from '../support/faults.ts'
import { makeUser, storedOf } from '../support/make.ts'
import { messageOf } from './support/entries.ts'
import { bookkeepingOf, gate, RETENTIONS, says, until } from './support/turns.ts'

/* A plain call is held up on the server, at one of its commands, while a transaction stores the same delivery. */
let server: Awaited<ReturnType<typeof makeFaultyServer>>
let plain: DialogueStore
let turning: DialogueStore

const HELD_MS = 1500

/** Holds the next insert up, or the next few. @returns waits until the last of them is held */
async function hold(collection: string, times = 1, skip = 0): Promise<() => Promise<unknown>> {
  const met = await server.fail(
    { collection, failCommands: ['insert'], blockConnection: true, blockTimeMS: HELD_MS },
    skip > 0 ? { skip } : { times },
  )
  return () => met(times)
}

const delivery = (userId: string, content: string) => says(userId, content, { externalId: 'x' })

/** A call inserts its claim first, then its landing. */
const holdLanding = () => hold('seen', 1, 1)

/** One of the two created it, one message is there, and it is the creator's; everybody is given the same. */
async function expectOne(
  userId: string,
  outcomes: { message: { id: string; content: string }; created: boolean }[],
): Promise<void> {
  const creators = outcomes.filter(({ created }) => created)
  expect(creators).toHaveLength(1)
  const stored = (await storedOf(server.db, userId)).messages
  expect(stored.map(({ content }) => content)).toEqual(creators.map(({ message }) => message.content))
  expect(outcomes.map(({ message }) => message.content)).toEqual(outcomes.map(() => stored[0]?.content))
  expect(new Set(outcomes.map(({ message }) => message.id))).toEqual(new Set([String(stored[0]?._id)]))
  const [again, inTurn] = [
    await plain.storeMessage(delivery(userId, 'again')),
    await turning.withTransaction((tx) => tx.storeMessage(delivery(userId, 'again'))),
  ]
  expect([again.created, inTurn.created]).toEqual([false, false])
  expect((await storedOf(server.db, userId)).messages).toEqual(stored)
}

const isStored = async (userId: string) => (await storedOf(server.db, userId)).messages.length > 0

describe.each(RETENTIONS)('a plain call that is held up, %s,', (kind, retention) => {
  beforeAll(async () => {
    server = await makeFaultyServer()
    plain = await server.open({ retention })
    turning = await server.open({ retention })
  })
  afterEach(() => server.heal())
  afterAll(() => server.stop())

  test('before its insert is overtaken by a transaction', async () => {
    const { id } = await makeUser(plain)
    const held = await hold('messages')
    const call = plain.storeMessage(delivery(id, 'plain'))
    await held()
    const turn = await turning.withTransaction((tx) => tx.storeMessage(delivery(id, 'turn')))
    expect(turn.created).toBe(true)
    await expectOne(id, [turn, await call])
  })

  test('before its claim finds the one of a transaction', async () => {
    const { id } = await makeUser(plain)
    const held = await hold('seen')
    const call = plain.storeMessage(delivery(id, 'plain'))
    await held()
    const turn = await turning.withTransaction((tx) => tx.storeMessage(delivery(id, 'turn')))
    expect(turn.created).toBe(true)
    await expectOne(id, [turn, await call])
  })

  test('before it lands has stored its message', async () => {
    const { id } = await makeUser(plain)
    const held = await holdLanding()
    const call = plain.storeMessage(delivery(id, 'plain'))
    await held()
    const turn = await turning.withTransaction((tx) => tx.storeMessage(delivery(id, 'turn')))
    expect(turn.created).toBe(false)
    await expectOne(id, [turn, await call])
  })

  /* An insert of the plain driver's, not committed, holds the call up first: a capped collection takes none. */
  if (kind === 'rolling')
    test('before it lands, while a transaction that saw nothing commits', async () => {
      const { id } = await makeUser(plain)
      const chosen = nextId()
      const session = server.db.client.startSession()
      session.startTransaction()
      const held = server.db.collection('dialogue_messages')
      await held.insertOne({ _id: chosen }, { session, bypassDocumentValidation: true })
      const landing = await holdLanding()
      const call = plain.storeMessage({ ...delivery(id, 'plain'), id: chosen })
      await until(async () => (await bookkeepingOf(server.db, id)).seen.length > 0)
      const turn = turning.withTransaction(async (tx) => {
        const stored = await tx.storeMessage(delivery(id, 'turn'))
        await session.abortTransaction()
        await landing()
        await until(() => isStored(id))
        return stored
      })
      await expectOne(id, [await turn, await call])
    })

  test('inserts while a transaction that saw nothing is under way, which then runs again', async () => {
    const { id } = await makeUser(plain)
    const [looked, go] = [gate(), gate()]
    let runs = 0
    const held = await hold('messages')
    const call = plain.storeMessage(delivery(id, 'plain'))
    await held()
    const turn = turning.withTransaction(async (tx) => {
      runs++
      const stored = await tx.storeMessage(delivery(id, 'turn'))
      looked.open()
      await go.opened
      return stored
    })
    await looked.opened
    const landed = await call
    await until(() => isStored(id))
    go.open()
    expect(landed.created).toBe(true)
    await expectOne(id, [await turn, landed])
    expect(runs).toBe(2)
  })

  test('between its insert and its landing is not spoken of, while a transaction that saw nothing may overtake it', async () => {
    const { id } = await makeUser(plain)
    const [userId, messageId] = [new ObjectId(id), nextId()]
    /* Another process, as far as it has come. */
    await server.db.collection<mongoose.mongo.Document & { _id: string }>('dialogue_seen').insertOne({
      _id: seenKey({ userId, externalId: 'x' }),
      ...{ messageId, flights: [nextId()], createdAt: new Date() },
    })
    const insert = () =>
      server.db
        .collection('dialogue_messages')
        .insertOne(messageOf(id, 'plain', { _id: messageId, externalId: 'x', op: nextId() }))
    const repeats: { message: { content: string } }[] = []
    const turn = await turning.withTransaction(async (tx) => {
      const stored = await tx.storeMessage(delivery(id, 'turn'))
      if (repeats.length === 0) {
        await insert()
        repeats.push(await plain.storeMessage(delivery(id, 'again')))
      }
      return stored
    })
    const stored = (await storedOf(server.db, id)).messages.map(({ content }) => content)
    expect(stored).toHaveLength(1)
    expect([turn, ...repeats].map(({ message }) => message.content)).toEqual([...stored, ...stored])
  })

  test('in a bulk, of which transactions overtake some', async () => {
    const { id } = await makeUser(plain)
    const held = await hold('messages', 2)
    const inputs = Array.from({ length: 6 }, (_, i) => says(id, `plain ${i}`, { externalId: `${i}` }))
    const bulk = plain.storeMessages([...inputs, says(id, 'plain, unnamed')])
    await held()
    const turns = await Promise.all(
      [1, 3, 5].map((i) =>
        turning.withTransaction((tx) => tx.storeMessage(says(id, `turn ${i}`, { externalId: `${i}` }))),
      ),
    )
    expect(turns.map(({ created }) => created)).toEqual([true, true, true])
    const statuses = (await bulk).map(({ status }) => status)
    expect(statuses).toEqual([
      ...['created', 'duplicate', 'created', 'duplicate', 'created', 'duplicate'],
      'created',
    ])
    const contents = (await storedOf(server.db, id)).messages.map(({ content }) => content).sort()
    expect(contents).toEqual(
      [...['plain 0', 'plain 2', 'plain 4'], 'plain, unnamed', ...['turn 1', 'turn 3', 'turn 5']].sort(),
    )
  })
})
