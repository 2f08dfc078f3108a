import { PassThrough } from 'node:stream'
import { afterEach, expect, jest, test } from '@jest/globals'
import { createProgress } from '../../src/cli/progress.ts'

function makeStream(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120 })
  let text = ''
  stream.on('data', (chunk) => {
    text += chunk
  })
  return { stream, text: () => text }
}

afterEach(() => {
  jest.useRealTimers()
})

test('in a pipe, writes a line at the beginning, every five seconds, and at the end', () => {
  jest.useFakeTimers()
  const { stream, text } = makeStream(false)
  const progress = createProgress({ total: 4000, label: 'Copying', unit: 'messages', stream })
  progress.add(1000)
  jest.advanceTimersByTime(5000)
  progress.add(3000)
  jest.advanceTimersByTime(5000)
  progress.stop()
  jest.advanceTimersByTime(60_000)
  expect(text().split('\n')).toEqual([
    'Copying: 4,000 messages',
    'Copying: 1,000 of 4,000 messages, 200/s, 15 s left',
    'Copying: 4,000 of 4,000 messages, 400/s, 0 s left',
    'Copying: 4,000 of 4,000 messages, 400/s, 10 s in all',
    '',
  ])
})

test('in a terminal, draws a bar, and leaves its last state', () => {
  const { stream, text } = makeStream(true)
  const progress = createProgress({ total: 200, label: 'Seeding', unit: 'users', stream })
  progress.add(50)
  progress.add(150)
  progress.stop()
  const last = text().split('\n').at(-2) ?? ''
  expect(last).toContain('█'.repeat(24))
  expect(last).toContain('100% | 200 of 200 users')
})

test('nothing to do is done at once', () => {
  const { stream, text } = makeStream(true)
  createProgress({ total: 0, label: 'Copying', unit: 'messages', stream }).stop()
  expect(text()).toContain('100% | 0 of 0 messages')
})
