import { setImmediate as immediate } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { deadlineIn } from '../../src/db/attempt.ts'
import { createKeyedQueue } from '../../src/db/queue.ts'
import { rejection } from '../support/make.ts'

const PATIENT = () => deadlineIn(60_000)
const HASTY = () => deadlineIn(20)

/** Whether a turn has come, after everything that was ready has run. */
async function hasCome(turn: Promise<unknown>): Promise<boolean> {
  let come = false
  void turn.then(() => {
    come = true
  })
  await immediate()
  return come
}

describe('a turn', () => {
  test('comes at once where nobody is, though no time is left', async () => {
    const queue = createKeyedQueue()
    const leave = await queue.enter('ana', deadlineIn(0))
    expect(leave).toBeInstanceOf(Function)
  })

  test('comes in the order of asking, when the one before has left', async () => {
    const queue = createKeyedQueue()
    const first = await queue.enter('ana', PATIENT())
    const second = queue.enter('ana', PATIENT())
    const third = queue.enter('ana', PATIENT())
    expect(await hasCome(second)).toBe(false)
    first()
    expect(await hasCome(second)).toBe(true)
    expect(await hasCome(third)).toBe(false)
    ;(await second)()
    expect(await hasCome(third)).toBe(true)
  })

  test('of another key waits for nobody', async () => {
    const queue = createKeyedQueue()
    await queue.enter('ana', PATIENT())
    expect(await hasCome(queue.enter('bia', PATIENT()))).toBe(true)
  })

  test('that is given back twice lets one in', async () => {
    const queue = createKeyedQueue()
    const first = await queue.enter('ana', PATIENT())
    const [second, third] = [queue.enter('ana', PATIENT()), queue.enter('ana', PATIENT())]
    first()
    first()
    expect(await hasCome(second)).toBe(true)
    expect(await hasCome(third)).toBe(false)
    ;(await second)()
    expect(await hasCome(third)).toBe(true)
  })
})

describe('a deadline', () => {
  test('gives the turn back: the next one gets in, and not before the one who has it leaves', async () => {
    const queue = createKeyedQueue()
    const first = await queue.enter('ana', PATIENT())
    const late = queue.enter('ana', HASTY())
    const next = queue.enter('ana', PATIENT())
    expect(await rejection(late, 'TIMEOUT')).toMatchObject({ outcome: 'not-applied', retryable: true })
    expect(await hasCome(next)).toBe(false)
    first()
    expect(await hasCome(next)).toBe(true)
  })

  test('of several in a row lets those in who have time', async () => {
    const queue = createKeyedQueue()
    const first = await queue.enter('ana', PATIENT())
    const late = [queue.enter('ana', HASTY()), queue.enter('ana', HASTY()), queue.enter('ana', HASTY())]
    const next = queue.enter('ana', PATIENT())
    for (const turn of late) await rejection(turn, 'TIMEOUT')
    first()
    expect(await hasCome(next)).toBe(true)
  })

  test('that is over leaves the key to whoever comes later', async () => {
    const queue = createKeyedQueue()
    const first = await queue.enter('ana', PATIENT())
    await rejection(queue.enter('ana', HASTY()), 'TIMEOUT')
    expect(queue.tryEnter('ana')).toBeUndefined()
    first()
    await immediate()
    expect(queue.tryEnter('ana')).toBeInstanceOf(Function)
  })
})

describe('tryEnter', () => {
  test('takes a turn that others then wait for', async () => {
    const queue = createKeyedQueue()
    const leave = queue.tryEnter('ana')
    const next = queue.enter('ana', PATIENT())
    expect(await hasCome(next)).toBe(false)
    leave?.()
    expect(await hasCome(next)).toBe(true)
  })

  test('takes none that somebody has, or waits for', async () => {
    const queue = createKeyedQueue()
    const first = await queue.enter('ana', PATIENT())
    expect(queue.tryEnter('ana')).toBeUndefined()
    expect(queue.tryEnter('bia')).toBeInstanceOf(Function)
    const second = queue.enter('ana', PATIENT())
    first()
    /* The second has not heard yet. */
    expect(queue.tryEnter('ana')).toBeUndefined()
    expect(await hasCome(second)).toBe(true)
    expect(queue.tryEnter('ana')).toBeUndefined()
    ;(await second)()
    await immediate()
    expect(queue.tryEnter('ana')).toBeInstanceOf(Function)
  })
})

describe('run', () => {
  test('runs one after the other, and gives what each gives', async () => {
    const queue = createKeyedQueue()
    let inside = 0
    const work = async (i: number) => {
      expect(++inside).toBe(1)
      await immediate()
      inside--
      return i
    }
    const ran: number[] = []
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        queue.run(
          'ana',
          () => {
            ran.push(i)
            return work(i)
          },
          PATIENT(),
        ),
      ),
    )
    expect(ran).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(results).toEqual(ran)
  })

  test('passes on what work throws, and lets the next one in', async () => {
    const queue = createKeyedQueue()
    const failure = new Error('own')
    const failing = queue.run('ana', () => Promise.reject(failure), PATIENT())
    const next = queue.run('ana', async () => 'in', PATIENT())
    await expect(failing).rejects.toBe(failure)
    expect(await next).toBe('in')
  })

  test('does not run what comes too late', async () => {
    const queue = createKeyedQueue()
    const leave = await queue.enter('ana', PATIENT())
    let ran = false
    const work = async () => {
      ran = true
    }
    await rejection(queue.run('ana', work, HASTY()), 'TIMEOUT')
    leave()
    await queue.run('ana', async () => {}, PATIENT())
    expect(ran).toBe(false)
  })
})
