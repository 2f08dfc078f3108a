import { expect, test } from '@jest/globals'
import { nextId, ObjectId } from '../../src/ids.ts'
import { DialogueStoreError } from '../../src/index.ts'
import { seenKey } from '../../src/messages/claim.ts'
import { makeMessages, makeUser, makeWorld, storedOf } from '../support/make.ts'

/**
 * A call named an external id together with the `id` of another user's message, and its process died between its claim
 * and its refusal.
 */
async function scene() {
  const { store, db } = await makeWorld()
  const [one, other] = [await makeUser(store), await makeUser(store)]
  const [foreign] = await makeMessages(store, one.id, 1)
  const [id = '', flight] = [foreign?.id, nextId()]
  const createdAt = new Date()
  const seen = db.collection<{ _id: string }>('dialogue_seen')
  await seen.insertOne({
    _id: seenKey({ userId: new ObjectId(other.id), externalId: 'x' }),
    ...{ messageId: new ObjectId(id), flights: [flight], createdAt },
  })
  /* Or after it: a flight lands with what it has stored, though some was refused. */
  const land = () => seen.insertOne({ _id: `flight:${flight.toHexString()}`, ...{ createdAt, landed: true } })
  const delivery = { userId: other.id, sender: 'user', content: 'again', externalId: 'x' }
  const stored = async () => (await storedOf(db, other.id)).messages.map(({ content }) => content)
  return { store, delivery, foreign: id, land, stored }
}
type Scene = Awaited<ReturnType<typeof scene>>
type Deliver = (scene: Scene) => Promise<{ created: boolean }>

const plainly: Deliver = ({ store, delivery }) => store.storeMessage(delivery)
const inTurn: Deliver = ({ store, delivery }) => store.withTransaction((tx) => tx.storeMessage(delivery))

test.each([
  ['a plain call', plainly],
  ['a transaction', inTurn],
])('a delivery whose claim can never be redeemed is stored once, by %s', async (_, deliver) => {
  for (const landed of [false, true]) {
    const given = await scene()
    if (landed) await given.land()
    expect(await deliver(given)).toMatchObject({ created: true })
    expect(await plainly(given)).toMatchObject({ created: false })
    expect(await inTurn(given)).toMatchObject({ created: false })
    expect(await given.stored()).toEqual(['again'])
  }
})

test('many at once store it once, whoever comes with the wrong id among them', async () => {
  const { store, delivery, foreign, stored } = await scene()
  /* Either nothing was known of the external id, or its message is given. */
  const wrongly = async () => {
    const outcome = await store.storeMessage({ ...delivery, id: foreign }).catch((error: unknown) => error)
    expect([{ code: 'INVALID_INPUT' }, { created: false }]).toContainEqual(
      outcome instanceof DialogueStoreError ? { code: outcome.code } : { created: Object(outcome).created },
    )
  }
  const [, outcomes] = await Promise.all([
    Promise.all(Array.from({ length: 5 }, wrongly)),
    Promise.all(Array.from({ length: 20 }, () => store.storeMessage(delivery))),
  ])
  expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
  expect(await stored()).toEqual(['again'])
})
