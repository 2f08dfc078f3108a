import type mongoose from 'mongoose'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { duplicateKeyFields } from '../db/failure.ts'
import { inTransaction } from '../db/transaction.ts'
import { DialogueStoreError, userNotFound } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { parse } from '../input.ts'
import type { ShapeCheck } from '../shape.ts'
import {
  ALIVE,
  type Identity,
  identity,
  type NewUser,
  newUser,
  toUser,
  type User,
  type UserDocument,
  userDefaults,
  users,
} from './schema.ts'

export const identityTaken = (cause: unknown): DialogueStoreError =>
  new DialogueStoreError(
    'IDENTITY_TAKEN',
    'Another user has that identity. Find them by it with findUser().',
    { cause },
  )

interface Needs {
  database: Database
  checkData: ShapeCheck | undefined
  /** Creates the user's empty context in the same transaction. */
  createContext(userId: ObjectId, session: mongoose.mongo.ClientSession): Promise<void>
}

export function createCreation<D>({ database, checkData, createContext }: Needs) {
  const collection = database.collection(users)

  const find = (deadline: Deadline, filter: mongoose.mongo.Filter<UserDocument>) =>
    attempt(deadline, 'read', (maxTimeMS) => collection.findOne({ ...filter, ...ALIVE }, { maxTimeMS }))

  const insert = (document: UserDocument, deadline: Deadline) =>
    inTransaction(database, deadline, async (session) => {
      await collection.insertOne(document, { session })
      await createContext(document._id, session)
    })

  /** The same id stores once: a repeat gets what the first call stored. */
  async function create(input: NewUser): Promise<{ user: UserDocument; created: boolean }> {
    const deadline = database.deadline()
    const document = toDocument({ ...input, data: checkData ? checkData(input.data) : input.data })
    try {
      await insert(document, deadline)
      return { user: document, created: true }
    } catch (error) {
      const fields = duplicateKeyFields(error)
      if (!fields) throw error
      const existing = await find(deadline, { _id: document._id })
      if (existing) return { user: existing, created: false }
      throw fields.includes('_id') ? userNotFound() : identityTaken(error)
    }
  }

  return {
    /** The same `id` stores once: a repeat gives the user that is there. */
    async createUser(input: unknown): Promise<User<D>> {
      return toUser((await create(parse(newUser, input))).user)
    },

    async ensureUser(of: unknown, defaults?: unknown): Promise<{ user: User<D>; created: boolean }> {
      const key = parse(identity, of, ['identity'])
      const rest = parse(userDefaults, defaults, ['defaults'])
      const deadline = database.deadline()
      while (true) {
        const known = await find(deadline, { identities: key })
        if (known) return { user: toUser(known), created: false }
        try {
          const { user, created } = await create({ ...rest, identities: [key] })
          return { user: toUser(user), created }
        } catch (error) {
          /* Somebody else's first message was faster: look again. */
          if (
            !(
              error instanceof DialogueStoreError &&
              error.code === 'IDENTITY_TAKEN' &&
              deadline.remaining() > 0
            )
          )
            throw error
        }
      }
    },
  }
}

const unique = (identities: Identity[]): Identity[] =>
  identities.filter(
    (one, i) => identities.findIndex(({ provider, id }) => provider === one.provider && id === one.id) === i,
  )

function toDocument(input: NewUser): UserDocument {
  const now = new Date()
  return {
    _id: input.id ?? nextId(),
    ...(input.identities.length > 0 && { identities: unique(input.identities) }),
    ...(input.name && { name: input.name }),
    ...(input.email && { email: input.email }),
    ...(input.locale && { locale: input.locale }),
    ...(input.timezone && { timezone: input.timezone }),
    states: input.states,
    data: input.data,
    version: 1,
    createdAt: now,
    updatedAt: now,
  }
}
