import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { createLane, type Passenger } from '../../src/db/lane.ts'

interface Item extends Passenger {
  item: number
  resolve(result: string): void
}

/** A lane whose batches arrive when the test says so. */
function makeLane({ parallel = 1, fewItems = 1000 } = {}) {
  const underWay: { items: number[]; arrive(): void; crash(error: Error): void }[] = []
  const sent: number[][] = []
  const flush = (batch: Item[]) =>
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
  const lane = createLane<Item>({ flush, parallel: () => parallel, maxItems: 1000, fewItems })
  const send = (item: number, bytes = 1, count = 1) =>
    new Promise<string>((resolve, reject) => lane.board({ item, bytes, count, resolve, reject }))
  const next = () => {
    const batch = underWay.shift()
    if (!batch) throw new Error('nothing is under way')
    return batch
  }
  return { send, sent, next }
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

  test('shares what waits among the batches that may leave, unless that makes them small', async () => {
    const { send, sent, next } = makeLane({ parallel: 2, fewItems: 4 })
    for (const i of upTo(10)) void send(i)
    await turn()
    expect(sent).toEqual([upTo(5), [5, 6, 7, 8, 9]])
    for (const i of upTo(5)) void send(i)
    next().arrive()
    next().arrive()
    await turn()
    expect(sent.slice(2)).toEqual([upTo(4), [4]])
  })

  test('takes at most a thousand items at once, in order', async () => {
    const { send, sent, next } = makeLane()
    const results = Promise.all(upTo(2500).map((i) => send(i)))
    for (const _ of [1, 2, 3]) {
      await turn()
      next().arrive()
    }
    await results
    expect(sent.map(({ length }) => length)).toEqual([1000, 1000, 500])
    expect(sent.flat()).toEqual(upTo(2500))
  })

  test('counts what stands for many as so many, and takes it whole', async () => {
    const { send, sent, next } = makeLane()
    const counts = [600, 400, 1, 1500, 999]
    const results = Promise.all(counts.map((count, i) => send(i, 1, count)))
    for (let i = 0; i < 4; i++) {
      await turn()
      next().arrive()
    }
    await results
    expect(sent).toEqual([[0, 1], [2], [3], [4]])
  })

  test('takes no more bytes at once than a command holds; a larger item goes alone', async () => {
    const mib = 2 ** 20
    const { send, sent, next } = makeLane()
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
