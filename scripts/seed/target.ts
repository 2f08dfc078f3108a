import type mongoose from 'mongoose'
import { META } from '../../src/meta.ts'
import { connectDriver } from '../lib/driver.ts'

interface Target {
  uri: string
  db?: string
  prefix: string
}

/**
 * The database's name, and a collection that holds something, if any. Nothing is created by looking. A store
 * that was opened and never used is empty.
 */
export async function inspectTarget({ uri, db: name, prefix }: Target) {
  const client = await connectDriver(uri)
  try {
    const db = client.db(name)
    return { database: db.databaseName, occupied: await findOccupied(db, `${prefix}${META}`) }
  } finally {
    await client.close()
  }
}

async function findOccupied(db: mongoose.mongo.Db, bookkeeping: string): Promise<string | undefined> {
  const collections = await db.listCollections({ type: { $ne: 'view' } }, { nameOnly: true }).toArray()
  for (const { name } of collections) {
    if (name === bookkeeping || name.startsWith('system.')) continue
    if (await db.collection(name).findOne({}, { projection: { _id: 1 } })) return name
  }
  return undefined
}
