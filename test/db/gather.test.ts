import { describe, expect, test } from '@jest/globals'
import { deadlineIn } from '../../src/db/attempt.ts'
import { createGather } from '../../src/db/gather.ts'
import { rejection } from '../support/make.ts'

/** A gather whose reads answer when the test says so. */
function makeGather({ most = 100 } = {}) {
  const sent: { keys: string[]; left: number; answer(): void; fail(error: Error): void }[] = []
  const gather = createGather<string, { key: string; found: string }>({
    nameOf: (key) => key,
    namesOf: ({ key }) => [key],
    most,
    read: (keys, deadline) =>
      new Promise((resolve, reject) => {
        sent.push({
          keys,
          left: deadline.remaining(),
          answer: () => resolve(keys.map((key) => ({ key, found: `what ${key} has` }))),
          fail: reject,
        })
      }),
  })
  const ask = (key: string, ms = 1000) => gather(key, deadlineIn(ms))
  return { ask, gather, sent }
}

/** Lets everything run that waits for no timer. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const keysOf = (sent: { keys: string[] }[]) => sent.map(({ keys }) => keys)

describe('many callers', () => {
  test('who ask at once share a read, and each gets what they asked for', async () => {
    const { ask, sent } = makeGather()
    const answers = Promise.all(['a', 'b', 'c'].map((key) => ask(key)))
    await turn()
    expect(keysOf(sent)).toEqual([['a', 'b', 'c']])
    sent[0]?.answer()
    expect(await answers).toEqual(['a', 'b', 'c'].map((key) => ({ key, found: `what ${key} has` })))
  })

  test('who come while two reads are under way share the next, which begins after they asked', async () => {
    const { ask, sent } = makeGather()
    const answers: Promise<unknown>[] = []
    for (const key of ['a', 'b', 'c', 'd']) {
      answers.push(ask(key))
      await turn()
    }
    expect(keysOf(sent)).toEqual([['a'], ['b']])
    sent[0]?.answer()
    await turn()
    expect(keysOf(sent)).toEqual([['a'], ['b'], ['c', 'd']])
    for (const read of sent) read.answer()
    expect(await Promise.all(answers)).toHaveLength(4)
  })

  test('who ask for the same get it each for themselves', async () => {
    const { ask, sent } = makeGather()
    const answers = Promise.all([ask('a'), ask('b'), ask('a'), ask('a')])
    for (let reads = 1; reads <= 3; reads++) {
      await turn()
      expect(sent).toHaveLength(reads)
      sent.at(-1)?.answer()
    }
    const [first, , second, third] = await answers
    expect(first).toEqual(second)
    expect(new Set([first, second, third]).size).toBe(3)
    expect(keysOf(sent).flat().sort()).toEqual(['a', 'a', 'a', 'b'])
  })

  test('are no more in a read than it takes', async () => {
    const { ask, sent } = makeGather({ most: 2 })
    const answers = Promise.all(['a', 'b', 'c'].map((key) => ask(key)))
    await turn()
    expect(keysOf(sent)).toEqual([['a', 'b'], ['c']])
    for (const read of sent) read.answer()
    await answers
  })

  test('have the failure of their read in common, and no other', async () => {
    const { ask, sent } = makeGather({ most: 2 })
    const answers = Promise.allSettled(['a', 'b', 'c'].map((key) => ask(key)))
    await turn()
    sent[0]?.fail(new Error('broken'))
    sent[1]?.answer()
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  })
})

test('the read has as long as the most patient caller, and the others hear in their own time', async () => {
  const { ask, sent } = makeGather()
  const impatient = rejection(ask('a', 20), 'TIMEOUT')
  const patient = ask('b', 5000)
  await turn()
  expect(sent[0]?.left).toBeGreaterThan(1000)
  expect(await impatient).toMatchObject({ code: 'TIMEOUT', outcome: 'not-applied' })
  sent[0]?.answer()
  expect(await patient).toEqual({ key: 'b', found: 'what b has' })
})

test('a read in a transaction is nobody else’s', async () => {
  const { gather, sent } = makeGather()
  const transaction = { failed: () => false, send: () => Promise.reject(new Error('not sent')) }
  const answers = Promise.all(['a', 'b'].map((key) => gather(key, { ...deadlineIn(1000), transaction })))
  await turn()
  expect(keysOf(sent)).toEqual([['a'], ['b']])
  for (const read of sent) read.answer()
  await answers
})
