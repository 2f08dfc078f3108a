import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { KeyedQueue } from '../db/queue.ts'
import { inTransaction } from '../db/transaction.ts'
import { userNotFound } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import type { ShapeCheck } from '../shape.ts'
import { createCreation } from './create.ts'
import { type Belongings, createErasure } from './erase.ts'
import { createLocking } from './lock.ts'
import { createReading } from './read.ts'
import { ALIVE, users } from './schema.ts'
import { createUpdate } from './update.ts'
import { createErasureUpkeep } from './upkeep.ts'

/** What other models ask of users. */
export interface UserDirectory {
  /** Of these ids, those of users who exist, as hex. */
  among(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
  /** @throws DialogueStoreError `USER_NOT_FOUND` */
  require(userId: ObjectId, deadline: Deadline): Promise<void>
  /** A write to the user inside a transaction, which makes it conflict with an erasure. */
  touch(userId: ObjectId, inside: Deadline): Promise<void>
  /**
   * Where a document of the user's begins: in a transaction that touches them, and in their turn, as such transactions
   * conflict with each other, too. Within a transaction it is a part of that one.
   * @throws DialogueStoreError `USER_NOT_FOUND`
   */
  begin(userId: ObjectId, deadline: Deadline, write: (inside: Deadline) => Promise<unknown>): Promise<void>
}

export function createDirectory(database: Database, queue: KeyedQueue): UserDirectory {
  const collection = database.collection(users)
  const among = async (ids: ObjectId[], deadline: Deadline) => {
    const found = await attempt(deadline, 'read', (terms) =>
      collection.find({ _id: { $in: ids }, ...ALIVE }, { projection: { _id: 1 }, ...terms }).toArray(),
    )
    return new Set(found.map(({ _id }) => _id.toHexString()))
  }
  const touch = async (userId: ObjectId, inside: Deadline) => {
    const { matchedCount } = await attempt(inside, 'write', (terms) =>
      collection.updateOne({ _id: userId, ...ALIVE }, { $inc: { touches: 1 } }, terms),
    )
    if (matchedCount === 0) throw userNotFound()
  }
  return {
    among,
    async require(userId, deadline) {
      if ((await among([userId], deadline)).size === 0) throw userNotFound()
    },
    touch,
    begin(userId, deadline, write) {
      const work = () =>
        inTransaction(database, deadline, async (inside) => {
          await touch(userId, inside)
          await write(inside)
        })
      return deadline.transaction ? work() : queue.run(userId.toHexString(), work, deadline)
    },
  }
}

interface VerbNeeds {
  database: Database
  checkData: ShapeCheck | undefined
  createContext(userId: ObjectId, inside: Deadline): Promise<void>
}

/** The verbs on single users, in a transaction or outside of one, and those on many. */
export function createUserVerbs<D>({ database, checkData, createContext }: VerbNeeds) {
  return {
    ...createReading<D>(database),
    ...createCreation<D>({ database, checkData, createContext }),
    ...createUpdate<D>(database, checkData),
  }
}

interface Needs extends VerbNeeds {
  directory: UserDirectory
  belongings: Belongings
  queue: KeyedQueue
}

const OPENING_MS = 1000

/** All of the users' model, by what it does to the database. */
export function createUsers<D>(needs: Needs) {
  const { database, directory, belongings, queue } = needs
  const { getUser, findUser, listUsers, iterateUsers, ...writes } = createUserVerbs<D>(needs)
  const locking = createLocking(database, (userId) => directory.require(userId, database.deadline()))
  const erasure = createErasure(database, belongings, queue)
  const upkeep = createErasureUpkeep({ database, belongings, drain: erasure.drain })
  return {
    reads: { getUser, findUser, listUsers },
    iterables: { iterateUsers },
    writes: { ...writes, ...erasure.verbs },
    locking: locking.verbs,
    releaseLocks: locking.releaseAll,
    upkeep: { name: 'erase', openingMs: OPENING_MS, run: upkeep },
  }
}
