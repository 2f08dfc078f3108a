import { afterAll, expect } from '@jest/globals'
import mongoose from 'mongoose'
import { check } from '../../../src/check/check.ts'
import type { Finding } from '../../../src/check/finding.ts'
import { createDatabase, type Database } from '../../../src/db/database.ts'
import { ObjectId } from '../../../src/ids.ts'
import type { DialogueStore, StoreOptions } from '../../../src/index.ts'
import { testServer } from '../../../src/testing/index.ts'
import { makeBystander, storedOf } from '../../support/make.ts'
import { LONG_AGO } from '../../support/samples.ts'
import { makeDatabase, makeStore } from '../../support/store.ts'

const connections: mongoose.Connection[] = []
afterAll(async () => {
  for (const connection of connections) await connection.close()
})

/** The database as the check gets it. */
export async function openDatabase(dbName: string): Promise<Database> {
  const { uri } = await testServer()
  const connection = await mongoose.createConnection(uri, { dbName }).asPromise()
  connections.push(connection)
  return createDatabase(connection, 'dialogue_', 30_000)
}

type Shown = Omit<Finding, 'repaired'>

export interface Scene {
  db: mongoose.mongo.Db
  dbName: string
  /** A collection, as the plain driver sees it, without its validator's help. */
  raw(collection: string): Raw
  /** One finding after the other, each repaired when it is told. */
  repair(): AsyncIterable<Finding>
  /** What is found, and nothing repaired. */
  look(): Promise<Shown[]>
  /** Repairs. Gives what is left. */
  fix(): Promise<Finding[]>
}

interface Raw {
  insert(document: mongoose.mongo.Document): Promise<ObjectId>
  set(_id: Id, fields: mongoose.mongo.Document): Promise<void>
  unset(_id: Id, field: string): Promise<void>
  find(filter: mongoose.mongo.Document): Promise<mongoose.mongo.Document[]>
}

const BYPASS = { bypassDocumentValidation: true } as const
type Id = ObjectId | string
type Stored = mongoose.mongo.Document & { _id: Id }

/**
 * A database in which a bystander is, to whom nothing may happen, and whatever `fill` puts there. The store is
 * closed by then: it would do some of the repairs itself.
 */
export async function makeScene(
  fill: (store: DialogueStore, db: mongoose.mongo.Db) => Promise<void> = async () => {},
  retention: NonNullable<StoreOptions['retention']> = { kind: 'capped', sizeBytes: 16 * 2 ** 20 },
): Promise<Scene> {
  const { db, dbName } = await makeDatabase()
  const store = await makeStore({ dbName, retention })
  const { id } = await makeBystander(store)
  await fill(store, db)
  await store.close()
  const before = await storedOf(db, id)
  const database = await openDatabase(dbName)
  const run = async (fix: boolean): Promise<Finding[]> => {
    const findings: Finding[] = []
    for await (const finding of check({ database, fix })) findings.push(finding)
    expect(await storedOf(db, id)).toEqual(before)
    return findings
  }
  return {
    db,
    dbName,
    raw: (collection) => rawOf(db.collection(`dialogue_${collection}`)),
    repair: () => check({ database, fix: true }),
    async look() {
      const findings = await run(false)
      return findings.map(({ repaired, ...shown }) => {
        expect(repaired).toBe(false)
        return shown
      })
    },
    fix: async () => (await run(true)).filter(({ repaired }) => !repaired),
  }
}

function rawOf(collection: mongoose.mongo.Collection<Stored>): Raw {
  return {
    async insert(document) {
      const _id = new ObjectId()
      await collection.insertOne({ _id, ...document }, BYPASS)
      return _id
    },
    async set(_id, fields) {
      await collection.updateOne({ _id }, { $set: fields }, BYPASS)
    },
    async unset(_id, field) {
      await collection.updateOne({ _id }, { $unset: { [field]: 1 } }, BYPASS)
    },
    find: (filter) => collection.find(filter).toArray(),
  }
}

/** What nobody has: a message as the store writes it, unless something else is given. */
export const message = (userId: ObjectId, fields: mongoose.mongo.Document = {}) => ({
  userId,
  sender: 'user',
  content: 'hi',
  timestamp: LONG_AGO,
  type: 'text',
  version: 1,
  createdAt: LONG_AGO,
  ...fields,
})

/** What a transaction has left that is to insert messages. */
export const entry = (userId: ObjectId, fields: mongoose.mongo.Document = {}) => ({
  userId,
  inserts: [],
  replacements: [],
  deletions: [],
  largest: 0,
  until: LONG_AGO,
  active: 1,
  createdAt: LONG_AGO,
  ...fields,
})
