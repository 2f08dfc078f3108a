import { expect, test } from '@jest/globals'
import { createRoom } from '../../src/db/room.ts'
import { rejection } from '../support/make.ts'

test('a room is bounded in bytes', async () => {
  const room = createRoom(10)
  room.take(6)
  room.take(4)
  expect(room.has(1)).toBe(false)
  const error = await rejection((async () => room.take(1))(), 'OVERLOADED')
  expect(error).toMatchObject({ outcome: 'not-applied', retryable: true })
  room.leave(6)
  expect([room.has(6), room.has(7)]).toEqual([true, false])
})

test('a single item of any size fits into an empty room', () => {
  const room = createRoom(10)
  room.take(50)
  expect(room.has(1)).toBe(false)
  room.leave(50)
  expect(room.has(50)).toBe(true)
})

test('a room lets in those who wait, when there is enough for them', async () => {
  const room = createRoom(10)
  room.take(6)
  room.take(4)
  let isIn = false
  const waiting = room.until(7).then(() => {
    isIn = true
  })
  room.leave(6)
  await new Promise(setImmediate)
  expect(isIn).toBe(false)
  room.leave(4)
  await waiting
})
