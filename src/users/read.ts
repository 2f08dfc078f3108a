import type mongoose from 'mongoose'
import { packed, unpacked } from '../cursor.ts'
import { attempt, type Deadline, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { createGather } from '../db/gather.ts'
import { invalidInput, userNotFound } from '../errors.ts'
import { type ObjectId, toObjectId } from '../ids.ts'
import { id, parse } from '../input.ts'
import {
  ALIVE,
  type Identity,
  identity,
  toUser,
  type User,
  type UserDocument,
  userFilter,
  users,
} from './schema.ts'

export function createReading<D>(database: Database) {
  const collection = database.collection(users)

  const read = (filter: mongoose.mongo.Filter<UserDocument>, deadline: Deadline) =>
    attempt(deadline, 'read', (terms) => collection.find({ ...filter, ...ALIVE }, sure(terms)).toArray())

  const byId = createGather<ObjectId, UserDocument>({
    nameOf: (_id) => _id.toHexString(),
    most: MOST_AT_ONCE,
    namesOf: ({ _id }) => [_id.toHexString()],
    read: (ids, deadline) => read({ _id: { $in: ids } }, deadline),
  })

  const byIdentity = createGather<Identity, UserDocument>({
    nameOf: nameOfIdentity,
    most: MOST_AT_ONCE,
    namesOf: ({ identities = [] }) => identities.map(nameOfIdentity),
    read: (identities, deadline) => read({ identities: { $in: identities } }, deadline),
  })

  async function page(options: unknown): Promise<{ users: User<D>[]; nextCursor: string | null }> {
    const { limit = PAGE, cursor, email, states = {} } = parse(userFilter, options, ['options'])
    const filter = {
      ...ALIVE,
      ...(typeof cursor === 'string' && { _id: { $gt: fromCursor(cursor) } }),
      ...(email !== undefined && { email }),
      ...Object.fromEntries(Object.entries(states).map(([flow, state]) => [`states.${flow}`, state])),
    }
    const found = await attempt(database.deadline(), 'read', (terms) =>
      collection
        .find(filter, sure(terms))
        .sort({ _id: 1 })
        .limit(limit + 1)
        .toArray(),
    )
    const shown = found.slice(0, limit)
    const last = shown.at(-1)
    return {
      users: shown.map((user) => toUser<D>(user)),
      nextCursor: found.length > limit && last ? toCursor(last._id) : null,
    }
  }

  return {
    async getUser(userId: unknown): Promise<User<D>> {
      const _id = parse(id, userId, ['userId'])
      const user = await byId(_id, database.deadline())
      if (!user) throw userNotFound()
      return toUser(user)
    },

    async findUser(of: unknown): Promise<User<D> | null> {
      const user = await byIdentity(parse(identity, of, ['identity']), database.deadline())
      return user ? toUser(user) : null
    },

    listUsers: page,

    async *iterateUsers(options?: unknown): AsyncGenerator<User<D>> {
      const { limit = ITERATED, ...filter } = parse(userFilter, options, ['options'])
      let { cursor } = filter
      do {
        const { users: found, nextCursor } = await page({ ...filter, limit, cursor })
        yield* found
        cursor = nextCursor
      } while (cursor)
    },
  }
}

const MOST_AT_ONCE = 100
const nameOfIdentity = ({ provider, id }: Identity): string => JSON.stringify([provider, id])

const PAGE = 50
const ITERATED = 500

/** A place in the list of users: the id of the last one shown. */
const toCursor = (last: ObjectId): string => packed(last.id)

function fromCursor(cursor: string): ObjectId {
  const last = toObjectId(unpacked(cursor, 13)?.toString('hex', 1))
  if (!last) throw invalidInput([{ path: ['options', 'cursor'], reason: 'is not a cursor of listUsers()' }])
  return last
}
