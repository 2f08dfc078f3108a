import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeCursor, encodeCursor, type Position, placeAfter, placeBefore } from '../../src/cursor.ts'
import { ObjectId } from '../../src/ids.ts'

const id = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes))
const position = fc.record({ timestamp: fc.date({ noInvalidDate: true }), id })

/** The order of a history, written down independently of the code. */
const key = ({ timestamp, id: of }: Position) =>
  `${String(BigInt(timestamp.getTime()) + 10n ** 16n).padStart(17, '0')} ${of.toHexString()}`

describe('a cursor', () => {
  test('gives back its place, for its user only', () => {
    fc.assert(
      fc.property(id, id, position, (user, other, place) => {
        const cursor = encodeCursor(user, place)
        expect(cursor).toMatch(/^[\w-]{44}$/)
        expect(decodeCursor(user, cursor, 'before')).toEqual(place)
        if (!user.equals(other))
          expect(() => decodeCursor(other, cursor, 'before')).toThrow(
            expect.objectContaining({
              code: 'INVALID_INPUT',
              issues: [expect.objectContaining({ path: ['options', 'before'] })],
            }),
          )
      }),
    )
  })

  test('is refused when it is anything else', () => {
    const user = new ObjectId()
    const good = encodeCursor(user, { timestamp: new Date(), id: new ObjectId() })
    const bytes = Buffer.from(good, 'base64url')
    const forged = [
      '',
      'x',
      `${good}A`,
      good.slice(0, -1),
      `${good}=`,
      ` ${good}`,
      Buffer.from([2, ...bytes.subarray(1)]).toString('base64url'),
      Buffer.from([...bytes.subarray(0, 13), ...Array(8).fill(255), ...bytes.subarray(21)]).toString(
        'base64url',
      ),
    ]
    for (const cursor of forged)
      expect(() => decodeCursor(user, cursor, 'after')).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT' }),
      )
  })

  test('of anything at all is refused, or is a place', () => {
    const user = new ObjectId()
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.base64String(), fc.uint8Array({ minLength: 33, maxLength: 33 })),
        (any) => {
          const cursor =
            typeof any === 'string'
              ? any
              : Buffer.from([1, ...user.id, ...any.subarray(13)]).toString('base64url')
          try {
            expect(decodeCursor(user, cursor, 'after').timestamp.getTime()).not.toBeNaN()
          } catch (error) {
            expect(error).toMatchObject({ code: 'INVALID_INPUT' })
          }
        },
      ),
    )
  })
})

describe('the places beside a place', () => {
  const extremes = fc.record({
    timestamp: fc.constantFrom(new Date(0), new Date(8.64e15), new Date(-8.64e15)),
    id: fc.constantFrom(
      ...['0'.repeat(24), 'f'.repeat(24), `${'0'.repeat(23)}f`].map((hex) => new ObjectId(hex)),
    ),
  })

  test('are just before and just after it', () => {
    fc.assert(
      fc.property(fc.oneof(position, extremes), (place) => {
        const [before, after] = [placeBefore(place), placeAfter(place)]
        if (before) {
          expect(key(before) < key(place)).toBe(true)
          expect(placeAfter(before)).toEqual(place)
        }
        if (after) {
          expect(key(after) > key(place)).toBe(true)
          expect(placeBefore(after)).toEqual(place)
        }
      }),
    )
  })

  test('are missing only at the ends of time', () => {
    const [first, last] = [new ObjectId('0'.repeat(24)), new ObjectId('f'.repeat(24))]
    expect(placeBefore({ timestamp: new Date(-8.64e15), id: first })).toBeUndefined()
    expect(placeAfter({ timestamp: new Date(8.64e15), id: last })).toBeUndefined()
    expect(placeBefore({ timestamp: new Date(-8.64e15), id: last })).toBeDefined()
    expect(placeAfter({ timestamp: new Date(8.64e15), id: first })).toBeDefined()
  })
})
