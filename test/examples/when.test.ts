import { expect, test } from '@jest/globals'
import { timeIn } from '../../scripts/examples/common/when.ts'

const NOW = new Date('2030-01-15T10:00:00Z')

test.each([
  ['tomorrow at 9 dentist', '2030-01-16T08:00:00.000Z', 'dentist'],
  ['tomorrow dentist', '2030-01-16T08:00:00.000Z', 'dentist'],
  ['tomorrow morning dentist', '2030-01-16T08:00:00.000Z', 'dentist'],
  ['tomorrow afternoon dentist', '2030-01-16T14:00:00.000Z', 'dentist'],
  ['tonight call mum', '2030-01-15T21:00:00.000Z', 'call mum'],
  ['this evening tea', '2030-01-15T19:00:00.000Z', 'tea'],
  ['tonight at 8 tea', '2030-01-15T19:00:00.000Z', 'tea'],
  ['friday night party', '2030-01-18T19:00:00.000Z', 'party'],
  ['2030-07-01 14:00 train', '2030-07-01T12:00:00.000Z', 'train'],
])('%s, as it is meant in Berlin', (text, at, rest) => {
  expect(timeIn(text, 'Europe/Berlin', NOW)).toEqual({ at: new Date(at), rest })
})

test('what names no time', () => {
  expect(timeIn('call mum', 'Europe/Berlin', NOW)).toBeUndefined()
})
