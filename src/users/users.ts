import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { userNotFound } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import type { ShapeCheck } from '../shape.ts'
import { createCreation } from './create.ts'
import { type Belongings, createErasure } from './erase.ts'
import { createLocking } from './lock.ts'
import { createReading } from './read.ts'
import { ALIVE, users } from './schema.ts'
import { createUpdate } from './update.ts'

/** What other models ask of users. */
export interface UserDirectory {
  /** Of these ids, those of users who exist, as hex. */
  among(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
  /** @throws DialogueStoreError `USER_NOT_FOUND` */
  require(userId: ObjectId, deadline: Deadline): Promise<void>
  /** A write to the user inside a transaction, which makes it conflict with an erasure. */
  touch(userId: ObjectId, inside: Deadline): Promise<void>
}

export function createDirectory(database: Database): UserDirectory {
  const collection = database.collection(users)
  const among = async (ids: ObjectId[], deadline: Deadline) => {
    const found = await attempt(deadline, 'read', (terms) =>
      collection.find({ _id: { $in: ids }, ...ALIVE }, { projection: { _id: 1 }, ...terms }).toArray(),
    )
    return new Set(found.map(({ _id }) => _id.toHexString()))
  }
  return {
    among,
    async require(userId, deadline) {
      if ((await among([userId], deadline)).size === 0) throw userNotFound()
    },
    async touch(userId, inside) {
      const { matchedCount } = await attempt(inside, 'write', (terms) =>
        collection.updateOne({ _id: userId, ...ALIVE }, { $inc: { touches: 1 } }, terms),
      )
      if (matchedCount === 0) throw userNotFound()
    },
  }
}

interface Needs {
  database: Database
  directory: UserDirectory
  checkData: ShapeCheck | undefined
  createContext(userId: ObjectId, inside: Deadline): Promise<void>
  belongings: Belongings
}

/** The verbs on users, by what they do to the database. */
export function createUsers<D>({ database, directory, checkData, createContext, belongings }: Needs) {
  const { getUser, findUser, listUsers, iterateUsers } = createReading<D>(database)
  const locking = createLocking(database, (userId) => directory.require(userId, database.deadline()))
  return {
    reads: { getUser, findUser, listUsers },
    iterables: { iterateUsers },
    writes: {
      ...createCreation<D>({ database, checkData, createContext }),
      ...createUpdate<D>(database, checkData),
      ...createErasure(database, belongings),
    },
    locking: locking.verbs,
    releaseLocks: locking.releaseAll,
  }
}
