import { attempt, type Deadline, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { codeOf, DUPLICATE_KEY } from '../db/failure.ts'
import { type VersionedWrite, versionedUpdate } from '../db/versioned.ts'
import { nextId, type ObjectId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import { type SessionDocument, sessions } from './schema.ts'

/** Which session. */
export interface Place {
  namespace: string
  key: string
}

/** What was there: a version of one that was deleted and began again is another one. */
export type Stand = Pick<SessionDocument, '_id' | 'version'>

interface Written {
  data: JsonObject
  /** Whose it is, where nobody's was known. */
  userId?: ObjectId | undefined
  /** The operation. */
  op?: ObjectId
}

interface Needs {
  database: Database
  directory: {
    /** In a transaction that conflicts with the erasure of the user. */
    begin(userId: ObjectId, deadline: Deadline, write: (inside: Deadline) => Promise<unknown>): Promise<void>
  }
}

/** Keys: `from` inclusive, `to` exclusive. */
interface Range {
  from?: string
  to?: string
}

const PAGE = 100

/**
 * What frameworks keep. An update finds only what is there, and a session of a user begins in a transaction that touches
 * them: once a user is erased, nothing of theirs can come any more.
 */
export function createSessions({ database, directory }: Needs) {
  const collection = database.collection(sessions)
  const put = async (document: SessionDocument, deadline: Deadline): Promise<void> => {
    await attempt(deadline, 'write', (terms) => collection.insertOne(document, terms))
  }
  const find = (place: Place): Promise<SessionDocument | null> =>
    attempt(database.deadline(), 'read', (terms) => collection.findOne({ ...place }, sure(terms)))

  /** @returns null if there is one */
  async function insert(
    place: Place,
    { data, userId, op = nextId() }: Written,
  ): Promise<SessionDocument | null> {
    const now = new Date()
    const document: SessionDocument = {
      ...{ _id: nextId(), ...place, ...(userId && { userId }) },
      ...{ data, version: 1, createdAt: now, updatedAt: now, ops: [op] },
    }
    try {
      const deadline = database.deadline()
      const write = (inside: Deadline) => put(document, inside)
      await (userId ? directory.begin(userId, deadline, write) : write(deadline))
      return document
    } catch (error) {
      if (codeOf(error) !== DUPLICATE_KEY) throw error
      /* It may be this one, whose reply was lost, and which somebody has changed since. */
      const there = await find(place)
      return there?._id.equals(document._id) ? document : null
    }
  }

  const update = (place: Place, stand: Stand | undefined, data: JsonObject, op: ObjectId) =>
    versionedUpdate(database, collection, database.deadline(), {
      op,
      key: { ...place },
      ...(stand && { condition: standing(stand) }),
      values: { data },
    } satisfies VersionedWrite<SessionDocument>)

  /** Makes it theirs, if there is one that is not. */
  const belong = (place: Place, userId: ObjectId): Promise<void> =>
    directory.begin(userId, database.deadline(), (inside) => {
      const others = { ...place, userId: { $ne: userId } }
      return attempt(inside, 'write', (terms) => collection.updateOne(others, { $set: { userId } }, terms))
    })

  return {
    find,
    /** Those of these keys that are there. */
    findAll: (namespace: string, keys: string[]): Promise<SessionDocument[]> =>
      attempt(database.deadline(), 'read', (terms) =>
        collection.find({ namespace, key: { $in: keys } }, sure(terms)).toArray(),
      ),
    insert,
    /** @returns null if there is none, or not in that version */
    update,
    belong,
    /** @returns false if there is another one, or another version of it */
    async remove(place: Place, stand: Stand): Promise<boolean> {
      let repeated = 0
      const { deletedCount } = await attempt(database.deadline(), 'write', (terms, repeats) => {
        repeated = repeats
        return collection.deleteOne({ ...place, ...standing(stand) }, terms)
      })
      if (deletedCount > 0) return true
      const there = await find(place)
      /* It was this one's reply that was lost, if somebody has begun anew meanwhile. */
      return !there || (repeated > 0 && !there._id.equals(stand._id))
    },
    /** All of a namespace, in the order of their keys, or those with a key in between. */
    async *list(namespace: string, { from = '', to }: Range = {}): AsyncGenerator<SessionDocument> {
      let after: string | undefined
      do {
        const key = after === undefined ? { $gte: from } : { $gt: after }
        const further = { namespace, key: { ...key, ...(to !== undefined && { $lt: to }) } }
        const page = await attempt(database.deadline(), 'read', (terms) =>
          collection.find(further, terms).sort({ key: 1 }).limit(PAGE).toArray(),
        )
        yield* page
        after = page.length === PAGE ? page.at(-1)?.key : undefined
      } while (after !== undefined)
    },
    /** All of a user, in the order in which they began. */
    async *of(userId: ObjectId): AsyncGenerator<SessionDocument> {
      let after: ObjectId | undefined
      do {
        const further = { userId, ...(after && { _id: { $gt: after } }) }
        const page = await attempt(database.deadline(), 'read', (terms) =>
          collection.find(further, terms).sort({ _id: 1 }).limit(PAGE).toArray(),
        )
        yield* page
        after = page.length === PAGE ? page.at(-1)?._id : undefined
      } while (after)
    },
  }
}

const standing = ({ _id, version }: Stand) => ({ _id, version })

export type Sessions = ReturnType<typeof createSessions>
