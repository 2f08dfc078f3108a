import { describe, expect, test } from '@jest/globals'
import { deadlineIn } from '../../src/db/attempt.ts'
import { codeOf, DUPLICATE_KEY } from '../../src/db/failure.ts'
import { DialogueStoreError } from '../../src/errors.ts'
import { rejection } from '../support/make.ts'
import { until } from '../transactions/support/turns.ts'
import { thrownBy, useCounters } from './support/counters.ts'

const { run, raise, raiseBeside, insert, read, stored, sent, countSent, fail, heal, freeze } = useCounters()

describe('after a command that failed', () => {
  test('nothing is sent, each command is TRANSACTION_CLOSED, and the first error decides', async () => {
    const call = run(async (inside) => {
      await insert(inside, 'a').catch(() => {})
      expect(inside.transaction?.failed()).toBe(true)
      await rejection(raise(inside), 'TRANSACTION_CLOSED')
      await rejection(read(inside), 'TRANSACTION_CLOSED')
      return 'all is well'
    })
    expect(codeOf(await thrownBy(call))).toBe(DUPLICATE_KEY)
    expect(sent()).toEqual(['insert', 'insert done', 'abortTransaction'])
    expect(await stored()).toEqual({ a: 0 })
  })

  test('the first error decides too, where the one after it comes out of work', async () => {
    const call = run(async (inside) => {
      await insert(inside, 'a').catch(() => {})
      await raise(inside)
    })
    expect(codeOf(await thrownBy(call))).toBe(DUPLICATE_KEY)
  })

  test('those that were called beside it are closed, too', async () => {
    const outcomes: unknown[] = []
    const call = run(async (inside) => {
      const calls = [insert(inside, 'b'), insert(inside, 'a'), insert(inside, 'c')]
      outcomes.push(...(await Promise.allSettled(calls)))
    })
    expect(codeOf(await thrownBy(call))).toBe(DUPLICATE_KEY)
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: DUPLICATE_KEY } },
      { status: 'rejected', reason: { code: 'TRANSACTION_CLOSED' } },
    ])
    expect(countSent('insert')).toBe(2)
    expect(await stored()).toEqual({ a: 0 })
  })

  test('what work says of it comes out, when it is no matter of running again', async () => {
    const translated = new DialogueStoreError('IDENTITY_TAKEN', 'Taken.')
    const call = run(async (inside) => {
      await insert(inside, 'a').catch(() => {
        throw translated
      })
    })
    expect(await thrownBy(call)).toBe(translated)
  })
})

describe('a commit', () => {
  test.each([
    ['whose command is lost', { closeConnection: true }],
    ['whose reply is lost', { writeConcernError: { code: 91, errmsg: 'the reply is lost' } }],
    ['that meets no primary', { errorCode: 10107 }],
  ])('%s is sent again, and work is not run again', async (_, failure) => {
    /* The driver itself sends it once more. */
    await fail({ failCommands: ['commitTransaction'], ...failure }, { times: 4 })
    let runs = 0
    await run(async (inside) => {
      runs++
      await raise(inside)
    })
    expect(runs).toBe(1)
    expect(await stored()).toEqual({ a: 1 })
    expect(countSent('commitTransaction')).toBe(5)
  })

  test.each([
    ['that was not carried out', { closeConnection: true }, 0],
    ['that was', { writeConcernError: { code: 91, errmsg: 'the reply is lost' } }, 1],
  ])('%s, as nobody can say, is unknown at the deadline', async (_, failure, n) => {
    await fail({ failCommands: ['commitTransaction'], ...failure })
    const call = run((inside) => raise(inside), 1500)
    /* Which of the two it is, depends on where the deadline meets it. */
    const code = expect.stringMatching(/^(UNAVAILABLE|TIMEOUT)$/)
    expect(await thrownBy(call)).toMatchObject({ code, outcome: 'unknown' })
    /* Before it heals: a last attempt that nobody waits for any more could go through after it. */
    expect(await stored()).toEqual({ a: n })
    await heal()
  })

  test.each([251, 112])(
    'that the server refuses for good (%i) is run again as a whole',
    async (errorCode) => {
      const failure = { errorCode, errorLabels: ['TransientTransactionError'] }
      await fail({ failCommands: ['commitTransaction'], ...failure }, { times: 1 })
      let runs = 0
      await run(async (inside) => {
        runs++
        await raise(inside)
      })
      expect(runs).toBe(2)
      expect(await stored()).toEqual({ a: 1 })
    },
  )
})

describe('the deadline', () => {
  test('ends what the server does not answer; the abort waits for that answer, and frees what was held', async () => {
    /* The abort needs a connection of its own. */
    await Promise.all([1, 2, 3].map(() => read(deadlineIn(20_000))))
    await freeze(async () => {
      const start = performance.now()
      const error = await rejection(
        run((inside) => raise(inside), 300),
        'TIMEOUT',
      )
      expect(error).toMatchObject({ outcome: 'not-applied' })
      expect(performance.now() - start).toBeLessThan(2000)
      expect(sent()).toContain('update')
      expect(sent()).not.toContain('abortTransaction')
    })
    await raiseBeside(5, 10_000)
    expect(await stored()).toEqual({ a: 5 })
    await until(async () => sent().includes('abortTransaction'))
  })

  test('that is over before a command leaves it unsent', async () => {
    const call = run(async (inside) => {
      while (inside.remaining() > 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await raise(inside)
    }, 50)
    expect(await rejection(call, 'TIMEOUT')).toMatchObject({ outcome: 'not-applied' })
    expect(countSent('update')).toBe(0)
  })
})
