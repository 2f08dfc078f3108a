import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { type DialogueStore, DialogueStoreError } from '../../src/index.ts'
import { makeUser, makeWorld, refusedPaths, untyped } from '../support/make.ts'
import { makeStore } from '../support/store.ts'

let store: DialogueStore
let dbName: string
beforeAll(async () => {
  ;({ store, dbName } = await makeWorld())
})

const newUser = async () => (await makeUser(store)).id

describe('updateContext', () => {
  test('gives the data to a function, {} when there is none, and stores what it gives back', async () => {
    const user = await newUser()
    const seen: object[] = []
    const add = (fact: string) => async (data: object) => {
      seen.push(structuredClone(data))
      return { ...data, [fact]: true }
    }
    expect(await store.updateContext(user, add('a'))).toMatchObject({
      created: true,
      context: { version: 1 },
    })
    expect(await store.updateContext(user, add('b'))).toMatchObject({
      created: false,
      context: { data: { a: true, b: true }, version: 2 },
    })
    expect(seen).toEqual([{}, { a: true }])
  })

  test('runs the function again when somebody was faster', async () => {
    const user = await newUser()
    const seen: object[] = []
    const { context } = await store.updateContext(user, async (data) => {
      seen.push(structuredClone(data))
      if (seen.length < 3) await store.mergeContext(user, { [`other${seen.length}`]: true })
      return { ...data, mine: true }
    })
    expect(seen).toEqual([{}, { other1: true }, { other1: true, other2: true }])
    expect(context).toMatchObject({ data: { other1: true, other2: true, mine: true }, version: 3 })
  })

  test('notices when the data was emptied, or emptied and stored again, meanwhile', async () => {
    const user = await newUser()
    await store.storeContext(user, { a: 1 })
    let runs = 0
    const { context, created } = await store.updateContext(user, async (data) => {
      if (++runs === 1) await store.deleteContext(user)
      return { ...data, b: 2 }
    })
    expect({ runs, created, data: context.data }).toEqual({ runs: 2, created: true, data: { b: 2 } })
    runs = 0
    await store.updateContext(user, async (data) => {
      if (++runs === 1) {
        await store.deleteContext(user)
        await store.storeContext(user, { b: 2 })
      }
      return data
    })
    expect(runs).toBe(2)
  })

  test('may change what it was given', async () => {
    const user = await newUser()
    await store.storeContext(user, { facts: ['a'] })
    const { context } = await store.updateContext(user, (data) => {
      if (Array.isArray(data.facts)) data.facts.push('b')
      return data
    })
    expect(context.data).toEqual({ facts: ['a', 'b'] })
  })

  test('gives back what the function throws, as it was, and stores nothing', async () => {
    const user = await newUser()
    const thrown = [new Error('mine'), 'a string', undefined, new DialogueStoreError('TIMEOUT', 'made up')]
    for (const one of thrown) {
      await expect(store.updateContext(user, () => Promise.reject(one))).rejects.toBe(one)
      const sync = store.updateContext(user, () => {
        throw one
      })
      await expect(sync).rejects.toBe(one)
    }
    expect(await store.retrieveContext(user)).toMatchObject({ version: 0 })
  })

  test.each([
    ['data', undefined],
    ['data', null],
    ['data', 'text'],
    ['data', [1]],
    ['data.at', { at: new Date() }],
  ])('refuses a function that gives back what is no JSON object (%#)', async (path, given) => {
    const user = await newUser()
    await store.storeContext(user, { kept: true })
    expect(await refusedPaths(store.updateContext(user, () => untyped(given)))).toEqual([path])
    expect(await store.retrieveContext(user)).toMatchObject({ data: { kept: true }, version: 1 })
  })

  test('refuses what is no function', async () => {
    expect(await refusedPaths(store.updateContext(await newUser(), untyped({ a: 1 })))).toEqual(['change'])
  })

  test('waits for a function that thinks for longer than timeoutMs', async () => {
    const hasty = await makeStore({ dbName, timeoutMs: 1500 })
    const user = await newUser()
    const { context } = await hasty.updateContext(user, async () => {
      await pause(1600)
      return { summary: 'thought over' }
    })
    expect(context).toMatchObject({ data: { summary: 'thought over' }, version: 1 })
  })
})

test('what a function gives is not waited for where it only looks like a promise', async () => {
  const { store } = await makeWorld()
  const { id } = await makeUser(store)
  const endless = () => untyped(Object.fromEntries([['then', () => {}]]))
  expect(await refusedPaths(store.updateContext(id, endless))).toEqual(['data.then'])
  expect(await refusedPaths(store.updateUser(id, endless))).toEqual(['patch.then'])
  expect(await refusedPaths(store.withTransaction((tx) => tx.updateContext(id, endless)))).toEqual([
    'data.then',
  ])
  await store.close()
})
