import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createStopwatch, type Stopwatch } from '../../src/db/stopwatch.ts'
import { gate } from '../transactions/support/turns.ts'

/* The clock is the test's: it goes on when it is told to. */
beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

const pass = (ms: number): void => void jest.advanceTimersByTime(ms)
let clock: Stopwatch
beforeEach(() => {
  clock = createStopwatch(1000)
})

describe('the time that is left', () => {
  test('goes down to nothing, and no further', () => {
    expect(clock.remaining()).toBe(1000)
    pass(400)
    expect(clock.remaining()).toBe(600)
    pass(600)
    expect(clock.remaining()).toBe(0)
    pass(5000)
    expect(clock.remaining()).toBe(0)
  })

  test('stands still while the function of the caller runs', async () => {
    pass(100)
    const value = await clock.aside(async () => {
      pass(60_000)
      expect(clock.remaining()).toBe(900)
      return 'done'
    })
    expect(value).toBe('done')
    expect(clock.remaining()).toBe(900)
    pass(100)
    expect(clock.remaining()).toBe(800)
  })

  test('goes on while a verb runs that this function calls', async () => {
    await clock.aside(async () => {
      pass(5000)
      const value = await clock.counted(async () => {
        pass(300)
        return 'verb'
      })
      expect(value).toBe('verb')
      pass(5000)
    })
    expect(clock.remaining()).toBe(700)
  })

  test('counts verbs side by side once', async () => {
    const { opened: ended, open: end } = gate()
    await clock.aside(async () => {
      const long = clock.counted(() => ended)
      pass(100)
      await clock.counted(async () => pass(100))
      pass(100)
      end()
      await long
      pass(5000)
    })
    expect(clock.remaining()).toBe(700)
  })

  test('goes on with a verb that outlives the function', async () => {
    const { opened: ended, open: end } = gate()
    let verb: Promise<void> = Promise.resolve()
    await clock.aside(async () => {
      verb = clock.counted(() => ended)
    })
    pass(100)
    end()
    await verb
    pass(100)
    expect(clock.remaining()).toBe(800)
  })

  test('stands still again in the next run', async () => {
    const run = () => clock.aside(async () => pass(5000))
    await run()
    pass(250)
    await run()
    expect(clock.remaining()).toBe(750)
  })
})

describe('what is thrown', () => {
  test('by the function comes out, and the time goes on', async () => {
    const failure = new Error('own')
    const failing = clock.aside(async () => {
      pass(5000)
      throw failure
    })
    await expect(failing).rejects.toBe(failure)
    pass(100)
    expect(clock.remaining()).toBe(900)
  })

  test('by a verb comes out, and the time stands still again', async () => {
    const failure = new Error('own')
    await clock.aside(async () => {
      await expect(clock.counted(() => Promise.reject(failure))).rejects.toBe(failure)
      pass(5000)
    })
    expect(clock.remaining()).toBe(1000)
  })
})
