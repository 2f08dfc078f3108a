import { describe, expect, test } from '@jest/globals'
import { gapIn, repeatIn } from '../../scripts/torture/parts/clocks/following.ts'
import { clocks } from '../../scripts/torture/parts/clocks/index.ts'
import type { Written } from '../../scripts/torture/parts/clocks/protocol.ts'
import { wrongList, wrongOrder } from '../../scripts/torture/parts/clocks/quiet.ts'
import { expectNothingLost, lossesOf } from './support/attempts.ts'

test(
  'pages are complete and in order, whatever the clocks say',
  () => expectNothingLost(clocks, 4000),
  120_000,
)

test.each(Object.keys(clocks.plants))(
  'a fault is found: %s',
  async (plant) => {
    expect(await lossesOf(clocks, plant)).not.toEqual([])
  },
  120_000,
)

const written = (fields: Partial<Written>): Written => ({
  ...{ id: 'a', at: 1, sender: 'user', type: 'text', conversationId: null, cursor: 'x', writer: 1, seq: 1 },
  ...fields,
})

describe('the checks see', () => {
  test('what one process put in the other way round', () => {
    expect(wrongOrder([written({ seq: 2 }), written({ seq: 1 })])).toMatch(/1 comes behind 2/)
    expect(wrongOrder([written({ seq: 2 }), written({ seq: 1, at: 2 })])).toBeUndefined()
    expect(wrongOrder([written({ seq: 2 }), written({ seq: 1, writer: 2 })])).toBeUndefined()
  })

  test('a gap, and what came twice', () => {
    const following = (page: string[], followed: string[]) => ({
      ...{ page: new Set(page), followed },
      end: async () => {},
    })
    const stayed = new Set(['a', 'b', 'c'])
    expect(gapIn(following(['a', 'b'], ['c']), stayed)).toBeUndefined()
    expect(gapIn(following(['a', 'b'], []), stayed)).toMatch(/neither/)
    expect(repeatIn(following(['a', 'b'], ['c']))).toBeUndefined()
    expect(repeatIn(following(['a', 'b'], ['b', 'c']))).toMatch(/first on the page/)
    expect(repeatIn(following(['a'], ['b', 'b', 'c']))).toMatch(/twice/)
  })

  test('a message that has another time than when it was stored', () => {
    const shown = { id: 'a', timestamp: new Date(1), cursor: 'x' }
    expect(wrongList([shown], [written({})])).toBeUndefined()
    expect(wrongList([shown], [written({ at: 2 })])).toMatch(/another timestamp/)
    expect(wrongList([shown], [written({ id: 'b' })])).toMatch(/a instead of b/)
  })
})
