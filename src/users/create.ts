import { attempt, backOff, type Deadline, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { duplicateKeyFields, timedOut } from '../db/failure.ts'
import { createKeyedQueue } from '../db/queue.ts'
import { inTransaction } from '../db/transaction.ts'
import { isBy } from '../db/versioned.ts'
import { DialogueStoreError, invalidInput, notRepeatable, userNotFound } from '../errors.ts'
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

export const identityTaken = (cause?: unknown): DialogueStoreError =>
  new DialogueStoreError(
    'IDENTITY_TAKEN',
    'Another user has that identity. Find them by it with findUser().',
    { cause },
  )

interface Needs {
  database: Database
  checkData: ShapeCheck | undefined
  /** Creates the user's empty context in the same transaction. */
  createContext(userId: ObjectId, inside: Deadline): Promise<void>
}

export function createCreation<D>({ database, checkData, createContext }: Needs) {
  const collection = database.collection(users)
  const queue = createKeyedQueue()

  const find = (_id: ObjectId, deadline: Deadline) =>
    attempt(deadline, 'read', (terms) => collection.findOne({ _id, ...ALIVE }, terms))

  const findBy = (key: Identity, deadline: Deadline) =>
    attempt(deadline, 'read', (terms) => collection.findOne({ identities: key, ...ALIVE }, sure(terms)))

  /** In a transaction a duplicate key would be its end, so it looks first: tombstones have ids, too. */
  const findClashes = ({ _id, identities }: UserDocument, deadline: Deadline) => {
    const either = [{ _id }, ...(identities ? [{ identities: { $in: identities } }] : [])]
    return attempt(deadline, 'read', (terms) => collection.find({ $or: either }, terms).toArray())
  }

  const insert = (document: UserDocument, deadline: Deadline) =>
    inTransaction(database, deadline, async (inside) => {
      await attempt(inside, 'write', (terms) => collection.insertOne(document, terms))
      await createContext(document._id, inside)
    })

  /**
   * The same id stores once: a repeat gets what the first call stored.
   * @param at where the data stands in the verb's input
   */
  async function create(
    input: NewUser,
    at: string[],
    deadline: Deadline,
  ): Promise<{ user: UserDocument; created: boolean }> {
    const op = nextId()
    const document = toDocument({ ...input, data: checkData ? checkData(input.data, at) : input.data }, op)
    const there = deadline.transaction && asRepeat(await findClashes(document, deadline), document)
    if (there) return { user: there, created: false }
    try {
      await insert(document, deadline)
      return { user: document, created: true }
    } catch (error) {
      const fields = duplicateKeyFields(error)
      if (!fields) throw input.id || input.identities.length > 0 ? error : notRepeatable(error)
      const existing = await find(document._id, deadline)
      /* It is this call's own where the commit went through, and its reply was lost. */
      if (existing) return { user: existing, created: isBy(op, existing) }
      throw fields.includes('_id') ? userNotFound() : identityTaken(error)
    }
  }

  async function findOrCreate(key: Identity, rest: Omit<NewUser, 'identities'>, deadline: Deadline) {
    for (let round = 0; ; round++) {
      const known = await findBy(key, deadline)
      if (known) return { user: known, created: false }
      try {
        const found = await create({ ...rest, identities: [key] }, ['defaults', 'data'], deadline)
        if (!found.created && !hasIdentity(found.user, key)) throw idOfAnother()
        return found
      } catch (error) {
        /* Somebody else's first message was faster: look again, until a majority has them. */
        if (!(error instanceof DialogueStoreError) || error.code !== 'IDENTITY_TAKEN') throw error
        if (!(await backOff(round, deadline))) throw timedOut('not-applied')
      }
    }
  }

  return {
    /** The same `id` stores once: a repeat gives the user that is there. */
    async createUser(input: unknown): Promise<User<D>> {
      return toUser((await create(parse(newUser, input), ['data'], database.deadline())).user)
    },

    async ensureUser(of: unknown, defaults?: unknown): Promise<{ user: User<D>; created: boolean }> {
      const key = parse(identity, of, ['identity'])
      const rest = parse(userDefaults, defaults, ['defaults'])
      const deadline = database.deadline()
      const known = await findBy(key, deadline)
      if (known) return { user: toUser(known), created: false }
      /* First messages at once: within a process they wait in line instead of conflicting on the server. */
      const { user, created } = await queue.run(
        JSON.stringify(key),
        () => findOrCreate(key, rest, deadline),
        deadline,
      )
      return { user: toUser(user), created }
    },
  }
}

/** The user that a call before this one stored. */
function asRepeat(there: UserDocument[], { _id }: UserDocument): UserDocument | undefined {
  const own = there.find((user) => user._id.equals(_id))
  if (!own && there.length > 0) throw identityTaken()
  if (own && 'erasedAt' in own) throw userNotFound()
  return own
}

/** Whoever has the id is not whom the identity stands for: a bot must not take the one for the other. */
const idOfAnother = () => invalidInput([{ path: ['defaults', 'id'], reason: 'is the id of another user' }])

const hasIdentity = ({ identities = [] }: UserDocument, { provider, id }: Identity): boolean =>
  identities.some((one) => one.provider === provider && one.id === id)

export const unique = (identities: Identity[]): Identity[] =>
  identities.filter(
    (one, i) => identities.findIndex(({ provider, id }) => provider === one.provider && id === one.id) === i,
  )

function toDocument(input: NewUser, op: ObjectId): UserDocument {
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
    ops: [op],
  }
}
