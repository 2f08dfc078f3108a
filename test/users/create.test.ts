import { beforeAll, describe, expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore } from '../../src/index.ts'
import {
  makeBystander,
  makeIdentity,
  makeUser,
  makeWorld,
  refusedPaths,
  rejection,
  storedOf,
  untyped,
} from '../support/make.ts'

let store: DialogueStore
let db: mongoose.mongo.Db
beforeAll(async () => {
  const world = await makeWorld()
  store = world.store
  db = world.db
})

const newId = () => new ObjectId().toHexString()
const race = <T>(times: number, call: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: times }, (_, i) => call(i)))

describe('createUser', () => {
  test('stores every field, and gives it back', async () => {
    const identities = [makeIdentity(), makeIdentity('telegram')]
    const input = {
      identities,
      name: 'Ana Souza',
      email: 'ana@example.org',
      locale: 'pt-BR',
      timezone: 'America/Sao_Paulo',
      states: { registration: 'waiting_for_email', scheduling: 'idle' },
      data: { draft: { title: 'Dentist', at: [1, 2] } },
    }
    const user = await store.createUser(input)
    expect(user).toEqual({
      ...input,
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      version: 1,
      createdAt: expect.any(Date),
      updatedAt: user.createdAt,
    })
    expect(await store.getUser(user.id)).toEqual(user)
    const { users } = await storedOf(db, user.id)
    expect(users).toMatchObject([{ identities, name: 'Ana Souza', states: input.states, data: input.data }])
  })

  test('tells what was never given as null, and lists and objects as empty ones', async () => {
    const user = await store.createUser({ identities: [makeIdentity()], email: undefined, locale: null })
    expect(user).toMatchObject({
      name: null,
      email: null,
      locale: null,
      timezone: null,
      states: {},
      data: {},
    })
    expect(await makeUser(store, { name: 'Only a name' })).toMatchObject({ identities: [] })
  })

  test('creates the one context of the user with them', async () => {
    const user = await makeUser(store)
    const { contexts } = await storedOf(db, user.id)
    expect(contexts).toMatchObject([{ userId: new ObjectId(user.id), version: 0 }])
  })

  test('takes ids as hex in either case and as ObjectIds, and gives hex in lower case', async () => {
    const id = 'ABCDEF'.repeat(4)
    expect(await makeUser(store, { id })).toMatchObject({ id: id.toLowerCase() })
    const objectId = new ObjectId()
    expect(await makeUser(store, { id: objectId })).toMatchObject({ id: objectId.toHexString() })
    expect(await store.getUser(objectId)).toMatchObject({ id: objectId.toHexString() })
    const ofAnotherCopy = { _bsontype: 'ObjectId', id: Uint8Array.from(objectId.id) }
    expect(await store.getUser(untyped(ofAnotherCopy))).toMatchObject({ id: objectId.toHexString() })
  })

  test('stores the same id once: a repeat gives the first user, whatever it says', async () => {
    const id = newId()
    const first = await makeUser(store, { id, name: 'First' })
    expect(await makeUser(store, { id, name: 'Second', identities: [makeIdentity()] })).toEqual(first)
    expect((await storedOf(db, id)).users).toHaveLength(1)
  })

  test('gives the user who has the id, whoever has the identity, in a transaction, too', async () => {
    const { identities } = await makeUser(store, { identities: [makeIdentity()] })
    const first = await makeUser(store, { identities: [makeIdentity()] })
    const again = { id: first.id, name: 'Second', identities }
    expect(await store.createUser(again)).toEqual(first)
    expect(await store.withTransaction((tx) => tx.createUser(again))).toEqual(first)
  })

  test('stores the same id once when twenty race, and gives everybody the same user', async () => {
    const id = newId()
    const users = await race(20, (i) => makeUser(store, { id, name: `Racer ${i}` }))
    expect(new Set(users.map(({ name }) => name)).size).toBe(1)
    const stored = await storedOf(db, id)
    expect(stored.users).toHaveLength(1)
    expect(stored.contexts).toHaveLength(1)
  })

  test('keeps an identity to one user: another is IDENTITY_TAKEN, and nothing of them is stored', async () => {
    const bystander = await makeBystander(store)
    const before = await storedOf(db, bystander.id)
    const id = newId()
    const identities = [makeIdentity(), ...bystander.identities]
    const error = await rejection(makeUser(store, { id, identities }), 'IDENTITY_TAKEN')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: false })
    expect(JSON.stringify([error.message, error.cause, error.stack])).not.toContain('+5511')
    expect(Object.values(await storedOf(db, id)).flat()).toEqual([])
    expect(await storedOf(db, bystander.id)).toEqual(before)
  })

  test('gives a raced identity to one of twenty users', async () => {
    const identities = [makeIdentity()]
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => makeUser(store, { identities })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'IDENTITY_TAKEN' })
    }
  })

  test('takes the fields of an identity in any order, and a repeated one once', async () => {
    const { provider, id } = makeIdentity()
    const user = await store.createUser({
      identities: [
        { id, provider },
        { provider, id },
      ],
    })
    expect(user.identities).toEqual([{ provider, id }])
    expect(await store.findUser({ id, provider })).toEqual(user)
    await rejection(store.createUser({ identities: [{ id, provider }] }), 'IDENTITY_TAKEN')
  })

  test('lets the same id be with two providers', async () => {
    const { id } = makeIdentity()
    const [a, b] = await race(2, (i) => store.createUser({ identities: [{ provider: `p${i}`, id }] }))
    expect(a?.id).not.toBe(b?.id)
  })

  test('needs identities or a name', async () => {
    expect(await refusedPaths(store.createUser({}))).toEqual([''])
    expect(await refusedPaths(store.createUser({ identities: [], email: 'ana@example.org' }))).toEqual([''])
  })

  test.each([
    ['email', 'ana'],
    ['email', 'ana@'],
    ['email', ''],
    ['email', 'ana@example.org\n'],
    ['email', { $gt: '' }],
    ['locale', 'pt_BR'],
    ['locale', 'not a tag'],
    ['timezone', 'Mars/Olympus_Mons'],
    ['timezone', '+03:00'],
    ['timezone', ''],
    ['name', ''],
    ['name', 'x'.repeat(201)],
    ['name', 'half a \ud83d'],
    ['name', 7],
    ['identities', 'whatsapp'],
    ['identities.0.id', [{ provider: 'telegram', id: 12345 }]],
    ['identities.0.provider', [{ id: '1' }]],
    ['identities.0.name', [{ provider: 'telegram', id: '1', name: 'Ana' }]],
    ['identities', Array.from({ length: 51 }, (_, i) => ({ provider: 'p', id: `${i}` }))],
    ['id', 'zz'],
    ['id', 'twelve bytes'],
    ['id', 12],
    ['id', { $ne: null }],
    ['states', 'waiting'],
    ['states', new Map([['registration', 'done']])],
    ['states.registration', { registration: null }],
    ['states.registration', { registration: { $ne: '' } }],
    ['states.registration', { registration: '' }],
    ['states.a.b', { 'a.b': 'x' }],
    ['states.$a', { $a: 'x' }],
    ['states.', { '': 'x' }],
    ['states.a\0', { 'a\0': 'x' }],
    ['states.a\ud800', { 'a\ud800': 'x' }],
    ['states', JSON.parse('{ "__proto__": "x" }')],
    ['states', Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`flow${i}`, 'x']))],
    ['data', 'text'],
    ['data', []],
    ['data', null],
    ['data.when', { when: new Date() }],
  ])('refuses a wrong %s (%#)', async (path, value) => {
    const field = path.split('.')[0] ?? ''
    expect(await refusedPaths(store.createUser({ name: 'Ana', ...{ [field]: value } }))).toContain(path)
  })

  test('refuses keys it does not know, each by its path', async () => {
    const typos = { name: 'Ana', e_mail: 'ana@example.org', phone: 1, $where: 'true' }
    expect(await refusedPaths(store.createUser(typos))).toEqual(['e_mail', 'phone', '$where'])
  })

  test.each([undefined, null, 'Ana', 1, [], () => ({ name: 'Ana' })])(
    'refuses %p as input',
    async (input) => {
      expect(await refusedPaths(store.createUser(untyped(input)))).toEqual([''])
    },
  )

  test('lets flows have the names of what every object inherits', async () => {
    const states = { constructor: 'a', toString: 'b', hasOwnProperty: 'c', 'with space': 'd' }
    const user = await makeUser(store, { states })
    expect(await store.getUser(user.id)).toMatchObject({ states })
  })

  test('is TOO_LARGE for more than a document holds, before anything is sent', async () => {
    const error = await rejection(makeUser(store, { data: { text: 'x'.repeat(17 * 2 ** 20) } }), 'TOO_LARGE')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: false })
  })
})

describe('the server itself', () => {
  test('refuses a user of a wrong shape, and a second user with an identity', async () => {
    const user = await makeUser(store, { identities: [makeIdentity()] })
    const [stored] = (await storedOf(db, user.id)).users
    const users = db.collection('dialogue_users')
    await expect(users.insertOne({ ...stored, _id: new ObjectId() })).rejects.toMatchObject({ code: 11000 })
    await expect(users.updateOne({ _id: stored?._id }, { $set: { age: 7 } })).rejects.toMatchObject({
      code: 121,
    })
    await expect(users.insertOne({ name: 'No version' })).rejects.toMatchObject({ code: 121 })
  })
})
