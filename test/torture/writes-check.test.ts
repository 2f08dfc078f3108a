import { describe, expect, test } from '@jest/globals'
import type { Write } from '../../scripts/torture/parts/writes/account.ts'
import type { Heard, Kind } from '../../scripts/torture/parts/writes/calls.ts'
import { wrongWith } from '../../scripts/torture/parts/writes/check/once.ts'
import { wrongWithRing } from '../../scripts/torture/parts/writes/check/ring.ts'
import { wrongWithTurn } from '../../scripts/torture/parts/writes/check/turns.ts'
import { wrongWithGrown, wrongWithReplaced } from '../../scripts/torture/parts/writes/check/versions.ts'

const REFUSED: Heard = { code: 'UNAVAILABLE', outcome: 'not-applied' }
const UNKNOWN: Heard = { code: 'TIMEOUT', outcome: 'unknown' }

let moments = 0

/** A write by calls of which each began after the one before it had ended. Undefined: its caller died. */
function writeOf(key: string, answers: (Heard | undefined)[], kind: Kind = 'message'): Write {
  const base = { key, kind, base: 'capped', userId: 'u' } as const
  const calls = answers.map((heard, i) => {
    const begun = ++moments
    return { ...base, call: `${key}-${i}`, begun, ...(heard && { heard, ended: ++moments }) }
  })
  return { ...base, calls }
}

describe('a write', () => {
  test.each<[string, (Heard | undefined)[], string[]]>([
    ['acknowledged, and there', [{ id: 'a', created: true }], ['a']],
    ['acknowledged in the end', [undefined, UNKNOWN, { id: 'a', created: false }], ['a']],
    ['refused, and not there', [REFUSED, REFUSED], []],
    ['of which nobody knows', [REFUSED, UNKNOWN], []],
    ['of which nobody knew', [undefined], ['a']],
  ])('%s is right', (_, answers, ids) => {
    expect(wrongWith(writeOf('k', answers), ids)).toBeUndefined()
  })

  test.each<[string, (Heard | undefined)[], string[]]>([
    ['is gone', [UNKNOWN, { id: 'a' }], []],
    ['is stored 2 times', [undefined], ['a', 'b']],
    ['was refused', [REFUSED], ['a']],
    ['was acknowledged under 2 ids', [{ id: 'a' }, { id: 'b' }], ['a']],
    ['is stored as b', [{ id: 'a' }], ['b']],
    [
      'was created more than once',
      [
        { id: 'a', created: true },
        { id: 'a', created: true },
      ],
      ['a'],
    ],
  ])('that %s is wrong', (what, answers, ids) => {
    expect(wrongWith(writeOf('k', answers), ids)).toContain(what)
  })

  test('may have been evicted, but not doubled', () => {
    expect(wrongWith(writeOf('k', [{ id: 'a' }]), [], true)).toBeUndefined()
    expect(wrongWith(writeOf('k', [{ id: 'a' }]), ['a', 'b'], true)).toContain('2 times')
  })
})

describe('a turn', () => {
  const parts = (counts: {
    message: number
    reply: number
    event: number
    context: number
    user: number
  }) => {
    const ids = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)
    const keys = (count: number) => new Map([['u', new Set(count > 0 ? ['k'] : [])]])
    return {
      messages: new Map([
        ['k', ids(counts.message)],
        ['re:k', ids(counts.reply)],
      ]),
      events: new Map([['k', ids(counts.event)]]),
      contexts: keys(counts.context),
      users: keys(counts.user),
    }
  }
  const ALL = { message: 1, reply: 1, event: 1, context: 1, user: 1 }
  const NONE = { message: 0, reply: 0, event: 0, context: 0, user: 0 }
  const turn = (answers: (Heard | undefined)[]) => writeOf('k', answers, 'turn')

  test('is right whole, or not at all where nobody was told of it', () => {
    expect(wrongWithTurn(turn([{ id: 'a' }]), parts(ALL))).toBeUndefined()
    expect(wrongWithTurn(turn([undefined]), parts(ALL))).toBeUndefined()
    expect(wrongWithTurn(turn([undefined]), parts(NONE))).toBeUndefined()
    expect(wrongWithTurn(turn([{ id: 'a' }]), parts({ ...ALL, message: 0 }), true)).toBeUndefined()
  })

  test.each(['message', 'reply', 'event', 'context', 'user'] as const)('is wrong without its %s', (part) => {
    expect(wrongWithTurn(turn([undefined]), parts({ ...ALL, [part]: 0 }))).toContain('in part')
    expect(wrongWithTurn(turn([undefined]), parts({ ...NONE, [part]: 1 }))).toContain('in part')
  })

  test('is wrong twice, gone, or though it was refused', () => {
    expect(wrongWithTurn(turn([undefined]), parts({ ...ALL, message: 2 }), true)).toContain('in part')
    expect(wrongWithTurn(turn([undefined]), parts({ ...ALL, event: 2 }), true)).toContain('in part')
    expect(wrongWithTurn(turn([{ id: 'a' }]), parts(NONE))).toBe('is gone')
    expect(wrongWithTurn(turn([REFUSED]), parts(ALL))).toContain('refused')
  })
})

describe('versions', () => {
  const merge = (key: string, ...answers: (Heard | undefined)[]) => writeOf(key, answers, 'merge')
  const grown = (version: number, keys: string[], writes: Write[], reads: Write[] = []) =>
    wrongWithGrown(
      { userId: 'u', version, data: Object.fromEntries(keys.map((key) => [key, 1])), writes, reads },
      0,
    )
  const replaced = (version: number, key: string, writes: Write[]) =>
    wrongWithReplaced({ userId: 'u', version, data: { key }, writes, reads: [] })

  test('are right where each write is one', () => {
    const writes = [
      merge('a', { version: 1 }),
      merge('b', undefined),
      merge('c', { version: 3 }),
      merge('d', REFUSED),
    ]
    expect(grown(3, ['a', 'b', 'c'], writes)).toEqual([])
    expect(replaced(3, 'c', writes)).toEqual([])
    expect(replaced(4, 'e', [...writes, merge('e', UNKNOWN)])).toEqual([])
  })

  test('are wrong where one is lost, doubled, refused, given twice, or goes back', () => {
    const a = () => merge('a', { version: 1 })
    expect(grown(0, [], [a()])).toContainEqual(expect.stringContaining('is gone'))
    expect(grown(2, ['a'], [a()])).toContainEqual(expect.stringContaining('after 1 writes'))
    expect(grown(1, ['a'], [merge('a', REFUSED)])).toContainEqual(expect.stringContaining('refused'))
    const twice = [a(), merge('b', { version: 1 })]
    expect(grown(2, ['a', 'b'], twice)).toContainEqual(expect.stringContaining('was given to'))
    const back = [merge('b', { version: 2 }), a()]
    expect(grown(2, ['a', 'b'], back)).toContainEqual(expect.stringContaining('when 2 had been heard of'))
    const seen = a()
    const read = writeOf('r', [{ version: 0 }], 'read')
    expect(grown(1, ['a'], [seen], [read])).toContainEqual(
      expect.stringContaining('when 1 had been heard of'),
    )
  })

  test('are wrong where what is replaced holds an older write, or one too many', () => {
    const a = merge('a', { version: 1 })
    const b = merge('b', { version: 2 })
    expect(replaced(2, 'a', [a, b])).toContainEqual(expect.stringContaining('has at version 2 what a wrote'))
    expect(replaced(3, 'a', [a, b, merge('c', undefined)])).toContainEqual(
      expect.stringContaining('which is older'),
    )
    expect(replaced(3, 'b', [a, b])).toContainEqual(expect.stringContaining('after 2 to 2 writes'))
    expect(replaced(1, 'a', [a, b])).toContainEqual(expect.stringContaining('and 1 is stored'))
  })
})

describe('a full capped collection', () => {
  const some = () => ['a', 'b', 'c', 'd', 'e'].map((key) => writeOf(key, [{ id: key, created: true }]))

  test('is right with the newest, in their order', () => {
    expect(wrongWithRing(some(), ['c', 'd', 'e'])).toEqual([])
    expect(wrongWithRing([writeOf('f', [undefined]), ...some()], ['c', 'f', 'd', 'e'])).toEqual([])
  })

  test('is wrong with a hole, or out of order', () => {
    expect(wrongWithRing(some(), ['b', 'c', 'e'])).toEqual([expect.stringContaining('d is gone')])
    expect(wrongWithRing(some(), ['c', 'e', 'd'])).toEqual([expect.stringContaining('d is behind')])
  })
})
