import type mongoose from 'mongoose'
import { type ModelDefinition, validatorOf } from '../../src/db/definition.ts'
import { ObjectId } from '../../src/ids.ts'

/** What a server's `$jsonSchema` says of a value. */
interface Schema {
  bsonType?: string | string[]
  enum?: unknown[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minimum?: number
  minItems?: number
}

/** Long enough ago not to be under way, not old enough to expire. */
export const LONG_AGO = new Date(Date.now() - 600_000)

/** The least that a schema takes. */
function leastOf(schema: Schema = {}): unknown {
  const { bsonType, anyOf, items, properties = {}, required = [], minimum = 0, minItems = 0 } = schema
  if (anyOf) return leastOf(anyOf[0])
  if (schema.enum) return schema.enum[0]
  if (Array.isArray(bsonType)) return minimum
  if (bsonType === 'objectId') return new ObjectId()
  if (bsonType === 'date') return LONG_AGO
  if (bsonType === 'string') return new ObjectId().toHexString()
  if (bsonType === 'bool') return false
  if (bsonType === 'array') return Array.from({ length: minItems }, () => leastOf(items))
  return Object.fromEntries(required.map((field) => [field, leastOf(properties[field])]))
}

/** A document of any model, of that user, with no more in it than has to be, unless it is given. */
export function sampleOf(
  model: ModelDefinition,
  userId: ObjectId,
  fields: mongoose.mongo.Document = {},
): mongoose.mongo.Document {
  const { owner } = model
  const whose = owner === 'prefix' ? { _id: `${userId.toHexString()}:x` } : { [owner]: userId }
  const { $jsonSchema } = validatorOf(model) as { $jsonSchema: Schema }
  return { ...Object(leastOf($jsonSchema)), ...whose, ...fields }
}

/** Puts one there, past the store and not past the validator. @returns its id */
export async function insertSample(
  db: mongoose.mongo.Db,
  ...[model, ...more]: Parameters<typeof sampleOf>
): Promise<unknown> {
  const collection = db.collection<mongoose.mongo.Document>(`dialogue_${model.collection}`)
  return (await collection.insertOne(sampleOf(model, ...more))).insertedId
}
