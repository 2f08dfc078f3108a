import { describe, expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { attempt, deadlineIn } from '../../src/db/attempt.ts'
import { codeOf, toStoreError } from '../../src/db/failure.ts'

const { MongoClientClosedError, MongoNetworkError, MongoServerError } = mongoose.mongo
const UNAUTHORIZED = 13

/** What a command's caller gets whose attempts fail so, one after the other. */
const failing = (effect: 'read' | 'write', errors: Error[]): Promise<unknown> =>
  attempt(deadlineIn(20_000), effect, async (_, repeats) => {
    throw errors[repeats]
  }).catch((error: unknown) => error)

describe('a command whose reply was lost, and whose repetition is refused for good,', () => {
  const errors = () => [
    new MongoNetworkError('the reply is lost'),
    new MongoServerError({ code: UNAUTHORIZED, message: 'not authorized' }),
  ]

  test('may have been applied, if it writes; what the server said is there', async () => {
    const error = await failing('write', errors())
    expect(codeOf(error)).toBe(UNAUTHORIZED)
    expect(toStoreError(error)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' })
  })

  test('was not applied, if it reads', async () => {
    expect(toStoreError(await failing('read', errors()))).toMatchObject({ outcome: 'not-applied' })
  })
})

test('a write under which the connection is closed may have been applied', async () => {
  const error = toStoreError(await failing('write', [new MongoClientClosedError()]))
  expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' })
})
