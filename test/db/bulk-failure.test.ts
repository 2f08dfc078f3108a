import { expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { attempt, deadlineIn } from '../../src/db/attempt.ts'

const { MongoBulkWriteError, MongoNetworkError } = mongoose.mongo

/** As the driver throws it where it has no connection, as after a fail-over: without a label that says so. */
const lost = () => {
  const result: mongoose.mongo.BulkWriteResult = Object.create(null)
  return new MongoBulkWriteError(new MongoNetworkError('the pool was cleared'), result)
}

test('a bulk write that has no connection is made again', async () => {
  let calls = 0
  const done = await attempt(deadlineIn(20_000), 'write', async () => {
    if (++calls === 1) throw lost()
    return 'done'
  })
  expect([done, calls]).toEqual(['done', 2])
})
