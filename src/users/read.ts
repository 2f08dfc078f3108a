import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { invalidInput, userNotFound } from '../errors.ts'
import { type ObjectId, toObjectId } from '../ids.ts'
import { id, parse } from '../input.ts'
import { ALIVE, identity, toUser, type User, userFilter, users } from './schema.ts'

export function createReading<D>(database: Database) {
  const collection = database.collection(users)

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
        .find(filter, terms)
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
      const user = await attempt(database.deadline(), 'read', (terms) =>
        collection.findOne({ _id, ...ALIVE }, terms),
      )
      if (!user) throw userNotFound()
      return toUser(user)
    },

    async findUser(of: unknown): Promise<User<D> | null> {
      const identities = parse(identity, of, ['identity'])
      const user = await attempt(database.deadline(), 'read', (terms) =>
        collection.findOne({ identities, ...ALIVE }, terms),
      )
      return user && toUser(user)
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

const PAGE = 50
const ITERATED = 500

/** A place in the list of users: version 1, and the id of the last one shown. */
const toCursor = (last: ObjectId): string => Buffer.concat([Buffer.from([1]), last.id]).toString('base64url')

function fromCursor(cursor: string): ObjectId {
  const bytes = Buffer.from(cursor, 'base64url')
  const valid = bytes.length === 13 && bytes[0] === 1 && bytes.toString('base64url') === cursor
  const last = valid ? toObjectId(bytes.toString('hex', 1)) : undefined
  if (!last) throw invalidInput([{ path: ['options', 'cursor'], reason: 'is not a cursor of listUsers()' }])
  return last
}
