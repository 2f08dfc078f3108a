import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type Deadline, deadlineIn } from '../../src/db/attempt.ts'
import { createLane, type Passenger } from '../../src/db/lane.ts'
import { rejection } from '../support/make.ts'

type Batch = Passenger<number, string>[]

/** A lane whose batches arrive when the test says so. */
function makeLane({ parallel = 1, maxQueuedBytes = 1000 } = {}) {
  const underWay: { items: number[]; arrive(): void; crash(error: Error): void }[] = []
  const sent: number[][] = []
  const flush = (batch: Batch) =>
    new Promise<void>((resolve, reject) => {
      const items = batch.map(({ item }) => item)
      sent.push(items)
      underWay.push({
        items,
        arrive() {
          for (const { item, resolve: settle } of batch) settle(`done ${item}`)
          resolve()
        },
        crash: reject,
      })
    })
  const lane = createLane<number, string>({ flush, parallel: () => parallel, maxItems: 1000, maxQueuedBytes })
  const send = (item: number, bytes = 1) => lane.send(item, bytes, deadlineIn(1000))
  const next = () => {
    const batch = underWay.shift()
    if (!batch) throw new Error('nothing is under way')
    return batch
  }
  return { lane, send, sent, next }
}

/** Lets everything run that waits for no timer. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('the lane', () => {
  afterEach(() => {
    jest.useRealTimers()
  })

  test('sends an item alone at once, without a timer', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'performance'] })
    const { send, sent, next } = makeLane()
    const result = send(1)
    await Promise.resolve()
    expect(sent).toEqual([[1]])
    expect(jest.getTimerCount()).toBe(0)
    next().arrive()
    expect(await result).toBe('done 1')
  })

  test('sends the callers of one turn together', async () => {
    const { send, sent, next } = makeLane()
    const results = upTo(5).map((i) => send(i))
    await turn()
    expect(sent).toEqual([upTo(5)])
    next().arrive()
    expect(await Promise.all(results)).toEqual(upTo(5).map((i) => `done ${i}`))
  })

  test('has one batch under way; everything that piled up goes next', async () => {
    const { send, sent, next } = makeLane()
    const results = [send(0)]
    await turn()
    for (const i of [1, 2, 3]) {
      results.push(send(i))
      await turn()
    }
    expect(sent).toEqual([[0]])
    next().arrive()
    await turn()
    expect(sent).toEqual([[0], [1, 2, 3]])
    next().arrive()
    await Promise.all(results)
    await turn()
    expect(sent).toHaveLength(2)
  })

  test('has as many batches under way as it may', async () => {
    const { send, sent, next } = makeLane({ parallel: 3 })
    for (const i of upTo(5)) {
      void send(i)
      await turn()
    }
    expect(sent).toEqual([[0], [1], [2]])
    next().arrive()
    await turn()
    expect(sent).toEqual([[0], [1], [2], [3, 4]])
  })

  test('takes at most a thousand items at once, in order', async () => {
    const { send, sent, next } = makeLane({ maxQueuedBytes: 10_000 })
    const results = Promise.all(upTo(2500).map((i) => send(i)))
    for (const _ of [1, 2, 3]) {
      await turn()
      next().arrive()
    }
    await results
    expect(sent.map(({ length }) => length)).toEqual([1000, 1000, 500])
    expect(sent.flat()).toEqual(upTo(2500))
  })

  test('takes no more bytes at once than a command holds; a larger item goes alone', async () => {
    const mib = 2 ** 20
    const { send, sent, next } = makeLane({ maxQueuedBytes: 100 * mib })
    const sizes = [3, 3, 3, 15, 1, 7, 1]
    const results = Promise.all(sizes.map((size, i) => send(i, size * mib)))
    for (let i = 0; i < 5; i++) {
      await turn()
      next().arrive()
    }
    await results
    expect(sent).toEqual([[0, 1], [2], [3], [4, 5], [6]])
  })
})

describe('what waits', () => {
  test('is bounded in bytes, those under way included', async () => {
    const { lane, send, next } = makeLane({ maxQueuedBytes: 10 })
    const first = send(1, 6)
    await turn()
    const second = send(2, 4)
    expect(lane.hasRoom(1)).toBe(false)
    const error = await rejection(send(3, 1), 'OVERLOADED')
    expect(error).toMatchObject({ outcome: 'not-applied', retryable: true })
    next().arrive()
    await first
    await turn()
    expect(lane.hasRoom(6)).toBe(true)
    expect(lane.hasRoom(7)).toBe(false)
    next().arrive()
    await second
  })

  test('may be one item above the bound, when nothing else waits', async () => {
    const { send, next } = makeLane({ maxQueuedBytes: 10 })
    const large = send(1, 50)
    await rejection(send(2, 1), 'OVERLOADED')
    await turn()
    next().arrive()
    expect(await large).toBe('done 1')
  })

  test('makes room for those who can wait', async () => {
    const { lane, send, next } = makeLane({ maxQueuedBytes: 10 })
    const first = send(1, 6)
    await turn()
    const second = send(2, 4)
    let room = false
    const waiting = lane.room(7).then(() => {
      room = true
    })
    next().arrive()
    await first
    await turn()
    expect(room).toBe(false)
    next().arrive()
    await Promise.all([second, waiting])
    expect(room).toBe(true)
  })
})

test('a flush that throws fails its own batch, and no other', async () => {
  const { send, sent, next } = makeLane()
  const failing = Promise.allSettled([send(1), send(2)])
  await turn()
  const fine = send(3)
  next().crash(new Error('broken'))
  expect(await failing).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  await turn()
  expect(sent).toEqual([[1, 2], [3]])
  next().arrive()
  expect(await fine).toBe('done 3')
})

test('an item keeps the deadline that it came with', async () => {
  const seen: Deadline[] = []
  const lane = createLane<number, number>({
    async flush(batch) {
      for (const { deadline, item, resolve } of batch) {
        seen.push(deadline)
        resolve(item)
      }
    },
    parallel: () => 1,
    maxItems: 1000,
    maxQueuedBytes: 10,
  })
  const deadlines = [deadlineIn(5), deadlineIn(500)]
  await Promise.all(deadlines.map((deadline, i) => lane.send(i, 1, deadline)))
  expect(seen).toEqual(deadlines)
})
