import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type mongoose from 'mongoose'
import { z } from 'zod'
import type { ModelDefinition } from '../../src/db/definition.ts'
import { ObjectId } from '../../src/ids.ts'
import { MODELS } from '../../src/migrations/baseline.ts'
import { makeWorld } from '../support/make.ts'
import { writtenBySync } from './support/calendar.ts'
import { writtenBy } from './support/documents.ts'

type Document = mongoose.mongo.Document
type Path = (string | number)[]

let db: mongoose.mongo.Db
let written: Record<string, Document[]>
beforeAll(async () => {
  const world = await makeWorld()
  db = world.db
  const [byStore, bySync] = [await writtenBy(world.store, db), await writtenBySync(world.store, db)]
  const events = [...(byStore.events ?? []), ...(bySync.events ?? [])]
  written = { ...byStore, ...bySync, events }
  for (const { collection } of MODELS) {
    const { validator } = await db.collection(`dialogue_${collection}`).options()
    await db.createCollection(trialName(collection), { validator })
  }
})

/** A collection with the same validator, and without the indexes that would refuse copies. */
const trialName = (collection: string) => `trial_${collection}`

const documentsOf = ({ collection }: ModelDefinition): Document[] => written[collection] ?? []
const schemaOf = ({ document, alternative }: ModelDefinition) =>
  alternative ? z.union([document, alternative]) : document

const zodTakes = (model: ModelDefinition, document: Document): boolean =>
  schemaOf(model).safeParse(document).success

async function serverTakes({ collection }: ModelDefinition, document: Document): Promise<boolean> {
  const trial = db.collection(trialName(collection))
  try {
    await trial.insertOne({ ...document })
    await trial.deleteMany({})
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 121 })
    return false
  }
}

const valueAt = (document: Document, path: Path): unknown =>
  path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), document)

function changed(
  document: Document,
  path: Path,
  change: (parent: Document, key: string | number) => void,
): Document {
  const [key, ...rest] = path
  const copy: Document = Array.isArray(document) ? [...document] : { ...document }
  if (key === undefined) return copy
  if (rest.length === 0) change(copy, key)
  else copy[key] = changed(copy[key], rest, change)
  return copy
}
const replaced = (document: Document, path: Path, value: unknown) =>
  changed(document, path, (parent, key) => {
    parent[key] = value
  })
const without = (document: Document, path: Path) =>
  changed(document, path, (parent, key) => {
    delete parent[key]
  })

/** What JSON fields hold is anybody's business. */
const FREE = ['data', 'metadata']
const isNested = (value: unknown): value is Document =>
  Array.isArray(value) || (typeof value === 'object' && value?.constructor === Object)

/** Where a document has something, outside of its JSON fields. */
function pathsIn(document: Document, at: Path = []): Path[] {
  return Object.entries(document).flatMap(([key, value]) => {
    const path = [...at, Array.isArray(document) ? Number(key) : key]
    const inner = isNested(value) && !FREE.includes(key) ? pathsIn(value, path) : []
    return [path, ...inner]
  })
}

/** Every field that a schema names: `audio.uri`, `attendees.email`. Another model's document is looked at with its model. */
function fieldsOf(schema: unknown, at: string[] = []): string[] {
  if (schema instanceof z.ZodOptional) return fieldsOf(schema.unwrap(), at)
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element, at)
  const isOther = at.length > 0 && MODELS.some(({ document }) => document === schema)
  if (isOther || !(schema instanceof z.ZodObject)) return []
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const path = [...at, name]
    return [path.join('.'), ...fieldsOf(field, path)]
  })
}

const placeIn = (model: ModelDefinition) =>
  fc
    .constantFrom(...documentsOf(model))
    .chain((document) =>
      fc.record({ document: fc.constant(document), path: fc.constantFrom(...pathsIn(document)) }),
    )

const OTHERS = [
  null,
  'no hex',
  7.5,
  -1,
  true,
  [],
  [[]],
  { odd: 1 },
  new Date(),
  new ObjectId(),
  Buffer.from('x'),
]
const typeOf = (value: unknown): string =>
  value === null || typeof value !== 'object' ? typeof value : (value.constructor?.name ?? 'Object')

describe.each(MODELS.map((model) => [model.collection, model] as const))(
  'the validator of %s',
  (_, model) => {
    test('is there, and knows every field that the store writes', async () => {
      const { validator, validationLevel, validationAction } = await db
        .collection(`dialogue_${model.collection}`)
        .options()
      expect(validator?.$jsonSchema).toBeDefined()
      expect([validationLevel ?? 'strict', validationAction ?? 'error']).toEqual(['strict', 'error'])
      expect(documentsOf(model).length).toBeGreaterThan(0)
      const paths = documentsOf(model).flatMap((document) => pathsIn(document))
      const filled = new Set(paths.map((path) => path.filter((key) => typeof key === 'string').join('.')))
      const known = [model.document, model.alternative].flatMap((schema) => fieldsOf(schema))
      expect(known.filter((field) => !filled.has(field))).toEqual([])
    })

    test('takes what the store writes from another program too, and nothing of another shape', async () => {
      const [document] = documentsOf(model)
      if (!document) throw new Error('nothing written')
      const collection = db.collection(`dialogue_${model.collection}`)
      const { _id, ...rest } = document
      await collection.replaceOne({ _id }, rest, { upsert: true })
      await expect(collection.replaceOne({ _id }, { ...rest, extra: 1 })).rejects.toMatchObject({ code: 121 })
      await expect(collection.updateOne({ _id }, { $set: { extra: 1 } })).rejects.toMatchObject({ code: 121 })
      await expect(collection.insertOne({ any: 'thing' })).rejects.toMatchObject({ code: 121 })
      expect(await collection.findOne({ _id })).toEqual(document)
    })

    test('and zod take what the store writes, and each part of it or not', async () => {
      for (const document of documentsOf(model)) {
        expect(zodTakes(model, document)).toBe(true)
        expect(await serverTakes(model, document)).toBe(true)
        for (const path of pathsIn(document).filter((place) => place[0] !== '_id')) {
          const less = without(document, path)
          expect([path, await serverTakes(model, less)]).toEqual([path, zodTakes(model, less)])
        }
      }
    })

    test('and zod refuse an unknown field, wherever it stands', async () => {
      for (const document of documentsOf(model)) {
        const objects = pathsIn(document).filter((path) => {
          const value = valueAt(document, path)
          return (
            isNested(value) && !Array.isArray(value) && ![...FREE, 'states'].includes(String(path.at(-1)))
          )
        })
        for (const path of [[], ...objects]) {
          const more = replaced(document, [...path, 'unknown'], 1)
          expect([path, zodTakes(model, more), await serverTakes(model, more)]).toEqual([path, false, false])
        }
      }
    })

    test('and zod refuse values of another type', async () => {
      const place = placeIn(model)
      await fc.assert(
        fc.asyncProperty(place, fc.constantFrom(...OTHERS), async ({ document, path }, value) => {
          const before = valueAt(document, path)
          fc.pre(typeOf(value) !== typeOf(before))
          /* An `_id` of null is chosen by the driver, and one that is a list no server takes. */
          fc.pre(path[0] !== '_id' || (value !== null && !Array.isArray(value)))
          /* To zod, a Date is an object without fields, and what it gives out is one. */
          fc.pre(!(value instanceof Date && isNested(before)))
          const wrong = replaced(document, path, value)
          expect([path, zodTakes(model, wrong), await serverTakes(model, wrong)]).toEqual([
            path,
            false,
            false,
          ])
        }),
        { numRuns: 100 },
      )
    })

    test('and zod agree on numbers, lengths and choices', async () => {
      const numbers = [0, -1, 0.5, 2 ** 31, 2 ** 53 - 1, 2 ** 60, Number.NaN]
      const texts = ['', 'x', 'x'.repeat(150), 'x'.repeat(20_000), 'confirmed', 'voice']
      const lists = [0, 1, 60, 300]
      await fc.assert(
        fc.asyncProperty(placeIn(model), fc.nat(), async ({ document, path }, n) => {
          const value = valueAt(document, path)
          fc.pre(![...FORMATS, '_id'].some((field) => path.includes(field)))
          const other =
            typeof value === 'number'
              ? numbers[n % numbers.length]
              : typeof value === 'string'
                ? texts[n % texts.length]
                : Array.isArray(value) && value.length > 0
                  ? Array(lists[n % lists.length]).fill(value[0])
                  : value
          const variant = replaced(document, path, other)
          expect([path, other, await serverTakes(model, variant)]).toEqual([
            path,
            other,
            zodTakes(model, variant),
          ])
        }),
        { numRuns: 100 },
      )
    })
  },
)

/** What zod knows of these, a validator cannot say: addresses, zones, languages, lines of RFC 5545. */
const FORMATS = ['email', 'timezone', 'locale', 'recurrence']
