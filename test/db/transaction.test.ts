import { describe, expect, test } from '@jest/globals'
import { codeOf, DUPLICATE_KEY } from '../../src/db/failure.ts'
import { rejection } from '../support/make.ts'
import { thrownBy, useCounters } from './support/counters.ts'

const { run, join, raise, raiseBeside, insert, read, stored, sent, countSent, fail } = useCounters()

describe('a transaction', () => {
  test('is seen when it is committed, as a whole, and gives what work gives', async () => {
    const value = await run(async (inside) => {
      await insert(inside, 'b')
      await raise(inside)
      expect(await read(inside)).toMatchObject({ n: 1 })
      expect(await stored()).toEqual({ a: 0 })
      return 'value'
    })
    expect(value).toBe('value')
    expect(await stored()).toEqual({ a: 1, b: 0 })
    expect(countSent('commitTransaction')).toBe(1)
  })

  test('that reads and writes nothing sends nothing', async () => {
    expect(await run(async () => 'value')).toBe('value')
    expect(sent()).toEqual([])
  })

  test('leaves nothing, and holds nothing, when work throws', async () => {
    const failure = new Error('own')
    let runs = 0
    const call = run(async (inside) => {
      runs++
      await raise(inside)
      throw failure
    })
    await expect(call).rejects.toBe(failure)
    expect(runs).toBe(1)
    expect(countSent('abortTransaction done')).toBe(1)
    await raiseBeside(5)
    expect(await stored()).toEqual({ a: 5 })
  })

  test('sends its commands one after the other, in the order of the calls', async () => {
    const ids = ['b', 'c', 'd', 'e']
    await run(async (inside) => {
      await Promise.all(ids.map((_id) => insert(inside, _id)))
    })
    expect(await stored()).toEqual({ a: 0, b: 0, c: 0, d: 0, e: 0 })
    expect(sent()).toEqual([
      ...ids.flatMap(() => ['insert', 'insert done']),
      'commitTransaction',
      'commitTransaction done',
    ])
  })
})

describe('a transaction runs again', () => {
  test('after a conflict, and sees what the other wrote', async () => {
    const seen: unknown[] = []
    await run(async (inside) => {
      seen.push((await read(inside))?.n)
      if (seen.length === 1) await raiseBeside(10)
      await raise(inside)
    })
    expect(seen).toEqual([0, 10])
    expect(await stored()).toEqual({ a: 11 })
  })

  test.each([
    ['a write conflict', { errorCode: 112 }],
    ['a transaction that the server does not know', { errorCode: 251 }],
    ['another primary', { errorCode: 10107 }],
    ['a dropped connection', { closeConnection: true }],
    ['an error that nobody has labelled', { errorCode: 11602, errorLabels: [] }],
  ])('after %s, twice too, and applies everything once', async (_, failure) => {
    await fail({ failCommands: ['update'], ...failure }, { times: 2 })
    let runs = 0
    await run(async (inside) => {
      runs++
      await insert(inside, 'b')
      await raise(inside)
    })
    expect(runs).toBe(3)
    expect(await stored()).toEqual({ a: 1, b: 0 })
    expect(countSent('commitTransaction')).toBe(1)
  })

  test('whatever work makes of the error', async () => {
    await fail({ failCommands: ['update'], errorCode: 112 }, { times: 2 })
    let runs = 0
    await run(async (inside) => {
      runs++
      await raise(inside).catch((error: unknown) => {
        if (runs === 2) throw new Error('translated', { cause: error })
      })
    })
    expect(runs).toBe(3)
    expect(await stored()).toEqual({ a: 1 })
  })

  test('until its deadline, and says then that nothing was applied', async () => {
    await fail({ failCommands: ['update'], errorCode: 112 })
    let runs = 0
    const start = performance.now()
    const call = run(async (inside) => {
      runs++
      await raise(inside)
    }, 1500)
    const error = await rejection(call, 'UNAVAILABLE')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: true })
    expect(performance.now() - start).toBeLessThan(5000)
    expect(runs).toBeGreaterThan(1)
    expect(await stored()).toEqual({ a: 0 })
  })

  test('not after a duplicate key', async () => {
    let runs = 0
    const call = run(async (inside) => {
      runs++
      await raise(inside)
      await insert(inside, 'a')
    })
    expect(codeOf(await thrownBy(call))).toBe(DUPLICATE_KEY)
    expect(runs).toBe(1)
    expect(await stored()).toEqual({ a: 0 })
  })
})

describe('a transaction inside a transaction', () => {
  test('joins it: one commit, and each sees what the other wrote', async () => {
    await run(async (inside) => {
      await raise(inside)
      const seen = await join(inside, async (joined) => {
        await insert(joined, 'b')
        return read(joined)
      })
      expect(seen).toMatchObject({ n: 1 })
      expect(await read(inside, 'b')).toMatchObject({ n: 0 })
      expect(await stored()).toEqual({ a: 0 })
    })
    expect(await stored()).toEqual({ a: 1, b: 0 })
    expect(countSent('commitTransaction')).toBe(1)
  })

  test('is undone with it', async () => {
    const failure = new Error('own')
    const call = run(async (inside) => {
      await join(inside, (joined) => insert(joined, 'b'))
      throw failure
    })
    await expect(call).rejects.toBe(failure)
    expect(await stored()).toEqual({ a: 0 })
  })

  test('is not run again by itself: the whole is', async () => {
    await fail({ failCommands: ['update'], errorCode: 112 }, { times: 1 })
    const runs = { outer: 0, inner: 0 }
    await run(async (inside) => {
      runs.outer++
      await insert(inside, 'b')
      await join(inside, async (joined) => {
        runs.inner++
        await raise(joined)
      })
    })
    expect(runs).toEqual({ outer: 2, inner: 2 })
    expect(await stored()).toEqual({ a: 1, b: 0 })
  })
})
