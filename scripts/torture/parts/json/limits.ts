import mongoose from 'mongoose'
import { DialogueStoreError, type JsonObject } from '../../../../src/index.ts'
import { nested } from '../../../lib/json-values.ts'
import type { Attempt } from '../../part.ts'
import { differenceOf } from './difference.ts'
import { DOORS } from './doors.ts'
import { refuseAll, type Watched } from './refused.ts'
import { ROADS } from './roads.ts'
import type { Scene } from './scene.ts'

type Needs = Pick<Attempt, 'random' | 'tally' | 'plant'> & { scene: Scene; watched: Watched }

const DEEPEST = 90
const NESTED = 'nested, up to the limit'
const TOO_DEEP = 'nested deeper, nothing sent'

const tower = (levels: number, kind: number): JsonObject =>
  kind === 0
    ? { a: nested(levels - 1, (inner) => [inner]) }
    : { a: nested(levels - 1, (inner) => ({ $a: inner, b: 1 })) }

/** Every depth, by a road of chance, and some beyond. */
export async function carryDepths({ scene, random, tally, plant, watched }: Needs): Promise<void> {
  const roads = ROADS.filter(({ isDeeper }) => !isDeeper)
  const values = Array.from({ length: DEEPEST }, (_, i) => tower(i + 1, i % 2))
  for (let i = 0; i < values.length; i += 15) {
    const part = values.slice(i, i + 15)
    for (const { by, values: came } of await random.pick(roads).carry(scene, part)) {
      for (const [k, value] of part.entries()) {
        const difference = differenceOf(value, came[k])
        if (difference) tally.lost(NESTED, `${i + k + 1} levels, by ${by}, ${difference}`)
      }
    }
    tally.tried(NESTED, part.length)
  }
  const beyond = [91, 92, 100, 150, 1000, 5000].flatMap((levels) =>
    [0, 1].map((kind) => ({ kind: `${levels} levels`, value: tower(levels, kind) })),
  )
  await refuseAll(watched, TOO_DEEP, beyond, { random, tally, plant })
}

const MIB = 2 ** 20
const LARGEST = 16 * MIB
/** What the rest of a document, and the command around it, may need. */
const REST = 128 * 1024

/** Values of so many bytes, of different shapes. */
const SHAPES: Readonly<Record<string, (bytes: number) => JsonObject>> = {
  'one text': (bytes) => ({ text: 'x'.repeat(bytes - 32) }),
  'texts of two bytes a character': (bytes) => ({ text: 'é'.repeat(bytes / 2 - 32) }),
  'many texts': (bytes) => ({ texts: Array(64).fill('x'.repeat(bytes / 64 - 32)) }),
  numbers: (bytes) => ({ numbers: Array(Math.floor(bytes / 16)).fill(0.5) }),
  'long keys': (bytes) => ({ ['k'.repeat(bytes / 2 - 64)]: 1, ['l'.repeat(bytes / 2 - 64)]: 2 }),
}

const AT_A_TIME = 3
const FITS = 'nearly 16 MiB'
const TOO_LARGE = 'beyond 16 MiB, nothing sent'

/** What fits comes back; what does not is refused. By roads, at doors, and in shapes of chance: each takes its time. */
export async function carrySizes({ scene, random, tally, watched }: Needs): Promise<void> {
  const shapes = Object.entries(SHAPES)
  for (const { carry } of random.shuffle(ROADS).slice(0, AT_A_TIME)) {
    const [shape, make] = random.pick(shapes)
    const value = make(LARGEST - 4 * REST)
    const bytes = mongoose.mongo.BSON.calculateObjectSize(value)
    for (const { by, values } of await carry(scene, [value])) {
      const difference = differenceOf(value, values[0])
      if (difference) tally.lost(FITS, `${shape} of ${bytes} bytes, by ${by}, ${difference}`)
    }
    tally.tried(FITS)
  }
  for (const door of random.shuffle(DOORS).slice(0, AT_A_TIME)) {
    const [shape, make] = random.pick(shapes)
    const value = make(LARGEST + REST + random.below(4 * MIB))
    const { outcome, failed, sent } = await watched.sentBy(() =>
      door.call(watched.store, watched.subject, value),
    )
    const { mayBeSent = [] } = door
    const isRefused = failed && outcome instanceof DialogueStoreError && outcome.code === 'TOO_LARGE'
    if (!isRefused || sent.some((name) => !mayBeSent.includes(name)))
      tally.lost(TOO_LARGE, `${shape}, at ${door.name}: ${failed ? outcome : 'it was taken'}; sent: ${sent}`)
    tally.tried(TOO_LARGE)
  }
}
