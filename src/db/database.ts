import mongoose from 'mongoose'
import type { z } from 'zod'
import { type Deadline, deadlineIn } from './attempt.ts'
import { type ModelDefinition, mongooseSchemaOf } from './definition.ts'

export type Collection<D extends mongoose.mongo.Document = mongoose.mongo.Document> =
  mongoose.mongo.Collection<D>

/** Set on database and collections, so that nothing that a borrowed connection has set applies to it. */
const OPTIONS: mongoose.mongo.DbOptions & mongoose.mongo.CollectionOptions = {
  readPreference: 'primary',
  readConcern: new mongoose.mongo.ReadConcern('local'),
  writeConcern: new mongoose.mongo.WriteConcern('majority', undefined, true),
  ignoreUndefined: false,
  serializeFunctions: false,
  promoteValues: true,
  promoteLongs: true,
  promoteBuffers: false,
  useBigInt64: false,
  raw: false,
  /* The driver's own default is `{}`: it inherits, so an array under a key like `constructor` would come as raw BSON. */
  fieldsAsRaw: Object.create(null),
}

/** What the models see of MongoDB. */
export interface Database {
  /** Our own view of the connection: models registered on it don't show on the caller's. */
  readonly connection: mongoose.Connection
  readonly client: mongoose.mongo.MongoClient
  readonly db: mongoose.mongo.Db
  /** A new deadline for a verb, or for an exchange of a long one. */
  deadline(): Deadline
  /** How long that is, in ms. */
  readonly timeoutMs: number
  /** Of the names of all its collections: `dialogue_`. */
  readonly prefix: string
  /** The full name of a collection: `dialogue_users`. */
  nameOf(collection: string): string
  /** The driver's collection of a model: input is validated by then, and Mongoose would cast it again. */
  collection<S extends z.ZodType<mongoose.mongo.Document>>(
    definition: ModelDefinition<S>,
  ): Collection<z.output<S>>
  /** A collection of the library's own bookkeeping, which has no model. */
  internal<D extends mongoose.mongo.Document>(collection: string): Collection<D>
  /**
   * The Mongoose model, registered on our own view of the connection when it is first asked for: populating needs
   * it, and opening a database does not wait for it.
   */
  model(definition: ModelDefinition): Model
}

export type Model = mongoose.Model<mongoose.mongo.Document>

export function createDatabase(connection: mongoose.Connection, prefix: string, timeoutMs: number): Database {
  const client = connection.getClient()
  const db = client.db(connection.name, OPTIONS)
  /* The models' own collections come from here: queries of Mongoose's, `populate` among them, get our options. */
  Object.assign(connection, { db })
  const isRepeated = client.options.retryWrites
  const nameOf = (collection: string) => prefix + collection
  const internal = <D extends mongoose.mongo.Document>(collection: string) =>
    db.collection<D>(nameOf(collection), OPTIONS)
  const model = (definition: ModelDefinition): Model => {
    const registered: Model | undefined = connection.models[definition.name]
    if (registered) return registered
    const name = nameOf(definition.collection)
    return connection.model<mongoose.mongo.Document>(definition.name, mongooseSchemaOf(definition), name)
  }
  return {
    connection,
    client,
    db,
    timeoutMs,
    prefix,
    deadline: () => ({ ...deadlineIn(timeoutMs), isRepeated }),
    nameOf,
    internal,
    collection: <S extends z.ZodType<mongoose.mongo.Document>>(definition: ModelDefinition<S>) =>
      internal<z.output<S>>(definition.collection),
    model,
  }
}
