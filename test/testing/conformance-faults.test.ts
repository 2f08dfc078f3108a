import { AssertionError } from 'node:assert'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { type DialogueStore, DialogueStoreError } from '../../src/index.ts'
import {
  type ConformanceCase,
  conformanceCases,
  testConformance,
} from '../../src/testing/conformance/index.ts'
import { makeStore } from '../support/store.ts'
import { type Fault, faults } from './faults/index.ts'

/*
 * Each fault is planted in a store that is right, and the case that it names has to see it. Others may see it, too. That
 * the cases see nothing where there is nothing is tested with the page, which runs all of them.
 */
let store: DialogueStore
beforeAll(async () => {
  store = await makeStore()
})

const nameOf = ({ subject, title }: ConformanceCase): string => `${subject}: ${title}`

/** What a case has to say of a fault. The users that it made go with the database. */
async function judge(one: ConformanceCase, { plant }: Fault): Promise<unknown> {
  const planted = plant(one.closes ? await makeStore() : store)
  return one.run(planted, []).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** It saw something, rather than that the fault has a slip. */
const isJudgement = (error: unknown): boolean =>
  error instanceof AssertionError || error instanceof DialogueStoreError

describe('a case sees', () => {
  test.each(faults)('$name ($seenBy)', async (fault) => {
    const one = conformanceCases.find((each) => nameOf(each) === fault.seenBy)
    if (!one) throw new Error(`There is no case "${fault.seenBy}"`)
    const error = await judge(one, fault)
    expect({ error, isJudgement: isJudgement(error) }).toEqual({ error, isJudgement: true })
  })
})

test('no case is blind', () => {
  const seeing = new Set(faults.map((fault) => fault.seenBy))
  expect(conformanceCases.map(nameOf).filter((name) => !seeing.has(name))).toEqual([])
})

test('an erasure that fails is told at the end, by the name of its case, and blamed on no other', async () => {
  const works: (() => Promise<void>)[] = []
  let end = async () => {}
  const runner = {
    describe: (_: string, define: () => void) => define(),
    test: (_: string, work: () => Promise<void>) => works.push(work),
    afterAll: (work: () => Promise<void>) => {
      end = work
    },
  }
  const deleteUser = () => Promise.reject(new Error('It fails.'))
  testConformance(runner, () => ({ ...store, deleteUser, close: async () => {} }))
  for (const work of works.slice(0, 2)) await work()
  const [first] = conformanceCases
  await expect(end()).rejects.toThrow(`"${first ? nameOf(first) : ''}" could not be erased`)
})
