import mongoose from 'mongoose'
import type { DialogueStore } from '../../../../src/index.ts'
import type { Attempt } from '../../part.ts'
import { type Account, readAccount } from './account.ts'
import { type Bases, openAll } from './bases.ts'
import type { Base } from './calls.ts'
import { checkStored } from './check/index.ts'
import { wrongForReaders } from './check/readers.ts'
import { everybodyIn, readStored } from './check/stored.ts'
import { plantFault } from './plants.ts'

interface Case {
  uri: string
  crowds: Bases['crowds']
  ledgers: string[]
  plant: string | undefined
  tally: Attempt['tally']
}

/** Holds what the databases have, by the plain driver and by the store, against the ledgers. Drops the databases. */
export async function judge({ uri, crowds, ledgers, plant, tally }: Case): Promise<void> {
  const account = await readAccount(ledgers)
  const client = await mongoose.mongo.MongoClient.connect(uri)
  const stores = await openAll(uri, crowds)
  const db = (base: Base) => client.db(crowds[base].dbName)
  try {
    for (const [base, store] of stores) await settle(store, everybodyIn(crowds[base]))
    if (plant) await plantFault(plant, account, db)
    for (const [base, store] of stores) await judgeOne({ base, store, account, db: db(base), tally })
    for (const [base] of stores) await db(base).dropDatabase()
  } finally {
    for (const [, store] of stores) await store.close()
    await client.close()
  }
}

/** What was committed by writers who died then is carried out by the first who reads. */
async function settle(store: DialogueStore, users: string[]): Promise<void> {
  for (const userId of users) await store.retrieveHistory(userId)
}

interface One {
  base: Base
  store: DialogueStore
  account: Account
  db: mongoose.mongo.Db
  tally: Attempt['tally']
}

async function judgeOne({ base, store, account, db, tally }: One): Promise<void> {
  const stored = await readStored(db)
  checkStored({ base, account, stored }, tally)
  const row = 'users, seen by readers as stored'
  for (const userId of stored.users.keys()) {
    tally.tried(row)
    for (const wrong of await wrongForReaders(store, userId, stored)) tally.lost(row, `${wrong} [${base}]`)
  }
}
