import mongoose from 'mongoose'
import { z } from 'zod'
import type { OwnerField } from '../entity.ts'
import type { ObjectId } from '../ids.ts'

export interface IndexDefinition {
  keys: Record<string, 1 | -1>
  options?: mongoose.mongo.CreateIndexesOptions
}

/** All there is to say about a model: its Mongoose schema and the server's validator follow from it. */
export interface ModelDefinition<S extends z.ZodType = z.ZodType> {
  /** The Mongoose model's name: `User`. */
  name: string
  /** The collection's name without the store's prefix: `users`. */
  collection: string
  /** What is stored. */
  document: S
  /** What else may be stored in the collection: a tombstone in place of a user. */
  alternative?: z.ZodType
  indexes: IndexDefinition[]
  /**
   * Where a document has the id of the user whose it is: in a field, of which `creatorId` is populated as `creator`; as its
   * `_id`; or as the `prefix` of its `_id`, before a colon. It is erased with them. What is left is an orphan.
   */
  owner: OwnerField | '_id' | 'prefix'
  /**
   * The model's own code erases it: counted, by steps, later. All others are deleted in the transaction that erases their
   * user. So that none comes after it, a document begins in a transaction that touches the user, and later writes are
   * updates.
   */
  ownErasure?: true
}

/** A filter: what a user has of a model. */
export function ownedBy(
  { owner }: Pick<ModelDefinition, 'owner'>,
  userId: ObjectId,
): mongoose.mongo.Document {
  if (owner !== 'prefix') return { [owner]: userId }
  const prefix = userId.toHexString()
  /* ';' follows ':' in every collation that compares bytes. */
  return { _id: { $gte: `${prefix}:`, $lt: `${prefix};` } }
}

/** The part of JSON Schema that zod writes and this file reads. */
interface JsonSchema {
  type?: string
  bsonType?: string
  enum?: unknown[]
  anyOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  items?: JsonSchema
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
}

const BSON_TYPES: Record<string, string | string[]> = {
  string: 'string',
  boolean: 'bool',
  number: 'number',
  integer: ['int', 'long', 'double'],
  array: 'array',
  object: 'object',
}

const SHARED_KEYWORDS = [
  'enum',
  'required',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
] as const

const jsonSchemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { target: 'draft-4', unrepresentable: 'any', io: 'output' }) as JsonSchema

/** Says in the server's dialect what zod says in JSON Schema's. Formats and patterns stay at our door. */
function toServerSchema(schema: JsonSchema): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  const bsonType = schema.bsonType ?? (schema.type && BSON_TYPES[schema.type])
  if (bsonType) out.bsonType = bsonType
  if (schema.type === 'integer') out.multipleOf = 1
  for (const keyword of SHARED_KEYWORDS) if (schema[keyword] !== undefined) out[keyword] = schema[keyword]
  if (schema.anyOf) out.anyOf = schema.anyOf.map(toServerSchema)
  if (schema.items) out.items = toServerSchema(schema.items)
  if (schema.properties) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([key, value]) => [key, toServerSchema(value)]),
    )
  }
  const rest = schema.additionalProperties
  if (rest !== undefined) out.additionalProperties = typeof rest === 'object' ? toServerSchema(rest) : rest
  return out
}

/** The server's `$jsonSchema` validator: what another program writes has to have the same shape. */
export function validatorOf({ document, alternative }: ModelDefinition): Record<string, unknown> {
  const schemas = [document, ...(alternative ? [alternative] : [])].map((schema) =>
    toServerSchema(jsonSchemaOf(schema)),
  )
  return { $jsonSchema: schemas.length === 1 ? schemas[0] : { anyOf: schemas } }
}

const { Types } = mongoose.Schema
const MONGOOSE_TYPES: Record<string, unknown> = {
  objectId: Types.ObjectId,
  date: Date,
  string: String,
  boolean: Boolean,
  number: Number,
  integer: Number,
}

function toMongooseType(schema: JsonSchema): unknown {
  if (schema.type === 'array') return [schema.items ? toMongooseType(schema.items) : Types.Mixed]
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([key, value]) => [key, { type: toMongooseType(value) }]),
    )
  }
  return MONGOOSE_TYPES[schema.bsonType ?? schema.type ?? ''] ?? Types.Mixed
}

/** The name of the model that owners are of. */
const USER = 'User'

/**
 * The Mongoose schema of a model. The store validates with zod and writes through the driver, and one command creates
 * all of a collection's indexes, where Mongoose sends one for each. So the schema does what remains: references are
 * populated.
 */
export function mongooseSchemaOf({
  document,
  owner,
}: ModelDefinition): mongoose.Schema<mongoose.mongo.Document> {
  const paths = Object.entries(jsonSchemaOf(document).properties ?? {}).map(([path, schema]) => [
    path,
    { type: toMongooseType(schema), ...(path === owner && path !== '_id' && { ref: USER }) },
  ])
  const schema = new mongoose.Schema<mongoose.mongo.Document>(Object.fromEntries(paths), {
    strict: 'throw',
    minimize: false,
    versionKey: false,
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
  })
  const virtual = /^(.*)Id$/.exec(owner)?.[1]
  if (virtual) schema.virtual(virtual, { ref: USER, localField: owner, foreignField: '_id', justOne: true })
  return schema
}
