import fc from 'fast-check'
import type { JsonObject } from '../../../../src/index.ts'
import { jsonObject } from '../../../lib/json-values.ts'
import type { Random } from '../../../lib/random.ts'
import { ODDITIES, POISONS, plantIn } from './poisons.ts'

const SEEDS = 2 ** 31

/** So many of an arbitrary, as the seed has it. */
export const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number, random: Random): T[] =>
  fc.sample(arbitrary, { numRuns, seed: random.below(SEEDS) })

export const objects = (count: number, random: Random): JsonObject[] => sample(jsonObject, count, random)

const key = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  { weight: 2, arbitrary: fc.constantFrom('a', '$ref', '$id', '__proto__', 'toJSON', 'constructor', '') },
  { weight: 1, arbitrary: fc.constantFrom('_bsontype', 'a\0', '\udfff') },
)

/** What a program may pass that nobody has checked. */
const anything = fc.object({
  key,
  maxDepth: 3,
  maxKeys: 5,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
})

/** A value of which nobody says whether it may be stored, and what it was made of. */
export interface Doubtful {
  kind: string
  value: object
}

export const anythings = (count: number, random: Random): Doubtful[] =>
  sample(anything, count, random).map((value) => ({ kind: 'anything', value }))

/** Values with one thing in them that JSON cannot say. */
export const poisoned = (count: number, random: Random): Doubtful[] => mixed(POISONS, count, random)

/** Values with something odd in them that JSON can say. */
export const odd = (count: number, random: Random): Doubtful[] => mixed(ODDITIES, count, random)

const mixed = (kinds: Readonly<Record<string, () => unknown>>, count: number, random: Random): Doubtful[] =>
  objects(count, random).map((value) => {
    const [kind, make] = random.pick(Object.entries(kinds))
    const place = plantIn(value, make(), random)
    return { kind: `${kind} at ${JSON.stringify(place)}`, value }
  })
