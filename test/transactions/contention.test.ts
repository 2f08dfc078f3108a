import { beforeAll, describe, expect, test } from '@jest/globals'
import type { DialogueStore } from '../../src/index.ts'
import { makeIdentity, makeUser } from '../support/make.ts'
import { contentsIn, makeTurnWorld, RETENTIONS, says, type TurnWorld } from './support/turns.ts'

const TURNS = 40

/** A turn that counts. @returns how often work ran */
async function count(store: DialogueStore, userId: string, content: string): Promise<number> {
  let runs = 0
  await store.withTransaction(async (tx) => {
    runs++
    await tx.storeMessage(says(userId, content))
    await tx.updateContext(userId, (data) => ({ turns: Number(data.turns ?? 0) + 1 }))
    await tx.updateUser(userId, (user) => ({ data: { turns: Number(user.data.turns ?? 0) + 1 } }))
  })
  return runs
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)

describe.each(RETENTIONS)('turns for one user, %s', (_, retention) => {
  let world: TurnWorld
  let stores: DialogueStore[]
  beforeAll(async () => {
    world = await makeTurnWorld(retention)
    stores = [world.store, await world.another(), await world.another()]
  })

  test.each([[1], [3]])('forty at once in %d stores are all done, and count exactly', async (among) => {
    const { store } = world
    const { id } = await makeUser(store)
    const runs = await Promise.all(
      Array.from({ length: TURNS }, (_, i) => count(stores[i % among] ?? store, id, `${i}`)),
    )
    expect((await store.retrieveContext(id)).data).toEqual({ turns: TURNS })
    expect((await store.getUser(id)).data).toEqual({ turns: TURNS })
    const contents = (await contentsIn(store, id)).map(Number).sort((a, b) => a - b)
    expect(contents).toEqual(Array.from({ length: TURNS }, (_, i) => i))
    /* In one process they stand in line; of several, the one before has to be seen first. */
    if (among === 1) expect(sum(runs)).toBe(TURNS)
    else expect(sum(runs)).toBeLessThan(TURNS * 20)
  })

  test('that begin with a look by identity stand in line, too', async () => {
    const { store } = world
    const identity = makeIdentity()
    const { id } = await makeUser(store, { identities: [identity] })
    let runs = 0
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        store.withTransaction(async (tx) => {
          runs++
          const { user } = await tx.ensureUser(identity)
          await tx.storeMessage(says(user.id, `${i}`))
        }),
      ),
    )
    expect(runs).toBe(20)
    expect(await contentsIn(store, id)).toHaveLength(20)
  })

  test('beside plain writes to the same user lose none of either', async () => {
    const { store } = world
    const [, other = store] = stores
    const { id } = await makeUser(store)
    await Promise.all([
      ...Array.from({ length: 15 }, (_, i) => count(store, id, `turn ${i}`)),
      ...Array.from({ length: 15 }, () =>
        other.updateContext(id, (data) => ({ ...data, turns: Number(data.turns ?? 0) + 1 })),
      ),
      ...Array.from({ length: 15 }, (_, i) => other.storeMessage(says(id, `plain ${i}`))),
      ...Array.from({ length: 15 }, (_, i) => other.updateUser(id, { states: { [`flow${i}`]: 'x' } })),
    ])
    expect((await store.retrieveContext(id)).data).toEqual({ turns: 30 })
    expect(await contentsIn(store, id)).toHaveLength(30)
    const user = await store.getUser(id)
    expect(user.data).toEqual({ turns: 15 })
    expect(Object.keys(user.states)).toHaveLength(15)
  })
})

test.each([[1], [2]])(
  'turns over two users in opposite order, in %d stores, wait in no circle',
  async (among) => {
    const { store, another } = await makeTurnWorld()
    const stores = [store, among === 1 ? store : await another()]
    const users = [await makeUser(store), await makeUser(store)].map(({ id }) => id)
    const start = performance.now()
    await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        (stores[i % 2] ?? store).withTransaction(async (tx) => {
          const [from = '', to = ''] = Math.floor(i / 2) % 2 === 0 ? users : [...users].reverse()
          await tx.mergeContext(from, { last: i })
          await tx.storeMessage(says(from, `from ${i}`))
          await tx.storeMessage(says(to, `to ${i}`))
          await tx.mergeContext(to, { last: i })
        }),
      ),
    )
    expect(performance.now() - start).toBeLessThan(20_000)
    for (const id of users) expect(await contentsIn(store, id)).toHaveLength(24)
  },
)

test('a new user of an identity, by many turns at once in two stores, is one', async () => {
  const { store, another } = await makeTurnWorld()
  const stores = [store, await another()]
  const identity = makeIdentity()
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      (stores[i % 2] ?? store).withTransaction(async (tx) => {
        const { user, created } = await tx.ensureUser(identity)
        await tx.storeMessage(says(user.id, `${i}`))
        return { id: user.id, created }
      }),
    ),
  )
  expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
  const [id = '', ...others] = new Set(outcomes.map((outcome) => outcome.id))
  expect(others).toEqual([])
  expect(await contentsIn(store, id)).toHaveLength(20)
})
