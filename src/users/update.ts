import type mongoose from 'mongoose'
import { attempt, backOff, type Deadline, renewed, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { codeOf, DOCUMENT_VALIDATION_FAILURE, DUPLICATE_KEY } from '../db/failure.ts'
import { mergeExpression } from '../db/merge.ts'
import { versionedUpdate } from '../db/versioned.ts'
import { DialogueStoreError, invalidInput, notRepeatable, userNotFound, versionConflict } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { answered, id, parse } from '../input.ts'
import { type JsonObject, mergeJson } from '../json.ts'
import { callback } from '../log.ts'
import type { ShapeCheck } from '../shape.ts'
import { identityTaken, unique } from './create.ts'
import {
  ALIVE,
  type Identity,
  MAX_IDENTITIES,
  toUser,
  type User,
  type UserDocument,
  type UserPatch,
  updateOptions,
  userPatch,
  users,
} from './schema.ts'

interface Conditions {
  ifVersion?: number | undefined
  ifStates?: Record<string, string | null> | undefined
}

export function createUpdate<D>(database: Database, checkData: ShapeCheck | undefined) {
  const collection = database.collection(users)

  const read = async (userId: ObjectId, deadline: Deadline): Promise<UserDocument> => {
    const user = await attempt(deadline, 'read', (terms) =>
      collection.findOne({ _id: userId, ...ALIVE }, sure(terms)),
    )
    if (!user) throw userNotFound()
    return user
  }

  const write = (
    userId: ObjectId,
    deadline: Deadline,
    conditions: Conditions,
    set: Record<string, unknown>,
  ) =>
    versionedUpdate(database, collection, deadline, {
      key: { _id: userId, ...ALIVE },
      condition: toFilter(conditions),
      expressions: set,
    }).catch((error: unknown) => {
      throw meaningOf(error, set)
    })

  /** One atomic write where the server can merge; compare-and-swap where it can't, or a shape has to see the result. */
  async function apply(
    userId: ObjectId,
    patch: UserPatch,
    conditions: Conditions,
    deadline: Deadline,
  ): Promise<UserDocument> {
    const simple = toExpressions(patch)
    const data = patch.data === undefined ? undefined : dataExpression(patch.data)
    for (let round = 0; ; round++) {
      const swap = patch.data && !data ? await read(userId, deadline) : undefined
      if (swap) checkConditions(swap, conditions)
      const merged = swap && patch.data ? { $literal: merge(swap.data, patch.data) } : data
      const written = await write(
        userId,
        deadline,
        swap ? { ...conditions, ifVersion: swap.version } : conditions,
        merged ? { ...simple, data: merged } : simple,
      )
      if (written) return written
      checkConditions(await read(userId, deadline), conditions)
      await backOff(round, deadline)
    }
  }

  const merge = (stored: JsonObject, patch: JsonObject): JsonObject => {
    const merged = mergeJson(stored, patch, ['data'])
    return checkData ? checkData(merged, ['data']) : merged
  }

  /** What is known of the new data without reading the old; undefined for what has to be read first. */
  const dataExpression = (patch: JsonObject | null): unknown => {
    if (patch === null) return { $literal: merge({}, {}) }
    return checkData ? undefined : mergeExpression('$data', patch)
  }

  /** Calls the caller's function on the user as stored, until nobody else was faster. */
  async function applyResult(
    userId: ObjectId,
    change: (user: User<D>) => unknown,
    conditions: Conditions,
  ): Promise<UserDocument> {
    let deadline = database.deadline()
    for (let round = 0; ; round++) {
      const current = await read(userId, deadline)
      checkConditions(current, conditions)
      const left = deadline.remaining()
      const patch = parse(userPatch, await callback(() => answered(change(toUser<D>(current)), ['patch'])), [
        'patch',
      ])
      /* The caller may think for longer than the server may take. */
      deadline = renewed(deadline, left)
      const swap = { ...conditions, ifVersion: current.version }
      const written = await apply(userId, patch, swap, deadline).catch(ignoreConflict)
      if (written) return written
      await backOff(round, deadline)
    }
  }

  return {
    async updateUser(userId: unknown, patch: unknown, options?: unknown): Promise<User<D>> {
      const key = parse(id, userId, ['userId'])
      const conditions = parse(updateOptions, options, ['options'])
      const written =
        typeof patch === 'function'
          ? await applyResult(key, (user) => patch(user), conditions).catch(doubling)
          : await apply(key, parse(userPatch, patch, ['patch']), conditions, database.deadline())
      return toUser(written)
    },
  }
}

/** What the server refused, in the caller's terms. All but the number of identities was checked at the door. */
function meaningOf(error: unknown, set: Record<string, unknown>): unknown {
  const code = codeOf(error)
  if (code === DUPLICATE_KEY) return identityTaken(error)
  if (code !== DOCUMENT_VALIDATION_FAILURE || !set.identities) return error
  const reason = `makes more than ${MAX_IDENTITIES} identities`
  return invalidInput([{ path: ['patch', 'addIdentities'], reason }], error)
}

/** Called again, the function would see what it may have stored, and change it a second time. */
const doubling = (error: unknown): never => {
  throw notRepeatable(error)
}

const ignoreConflict = (error: unknown): undefined => {
  if (!(error instanceof DialogueStoreError) || !['VERSION_CONFLICT', 'STATE_CONFLICT'].includes(error.code))
    throw error
}

function toFilter({ ifVersion, ifStates = {} }: Conditions): mongoose.mongo.Filter<UserDocument> {
  const states = Object.entries(ifStates).map(([flow, state]) => [
    `states.${flow}`,
    state ?? { $exists: false },
  ])
  return { ...(ifVersion !== undefined && { version: ifVersion }), ...Object.fromEntries(states) }
}

/** Says which condition did not hold; nothing when all hold by now, and the write is worth another try. */
function checkConditions(user: UserDocument, { ifVersion, ifStates }: Conditions): void {
  if (ifVersion !== undefined && user.version !== ifVersion) throw versionConflict(ifVersion, user.version)
  if (!ifStates) return
  const actual = Object.fromEntries(Object.keys(ifStates).map((flow) => [flow, stateOf(user, flow)]))
  if (Object.entries(ifStates).every(([flow, state]) => actual[flow] === state)) return
  const text = 'The user is in another state than expected: somebody else was faster. Read the user again.'
  throw new DialogueStoreError('STATE_CONFLICT', text, { expected: ifStates, actual })
}

/** Own states only: a flow may be called `constructor`. */
const stateOf = ({ states }: UserDocument, flow: string): string | null =>
  (Object.hasOwn(states, flow) && states[flow]) || null

const SCALARS = ['name', 'email', 'locale', 'timezone'] as const

/** What a patch sets, as aggregation expressions; all but `data`. */
function toExpressions(patch: UserPatch): Record<string, unknown> {
  const set: Record<string, unknown> = {}
  for (const field of SCALARS) {
    const value = patch[field]
    if (value !== undefined) set[field] = value === null ? '$$REMOVE' : { $literal: value }
  }
  if (patch.states === null) set.states = { $literal: {} }
  else if (patch.states) set.states = mergeExpression('$states', patch.states)
  if (patch.addIdentities || patch.removeIdentities) {
    set.identities = changedIdentities(unique(patch.addIdentities ?? []), patch.removeIdentities ?? [])
  }
  return set
}

/** Those that stay, then those that are new. An empty list is not stored: the unique index is sparse. */
function changedIdentities(added: Identity[], removed: Identity[]): unknown {
  const without = (input: unknown, others: unknown) => ({
    $filter: { input, cond: { $not: [{ $in: ['$$this', others] }] } },
  })
  const kept = without({ $ifNull: ['$identities', []] }, { $literal: removed })
  const all = { $concatArrays: ['$$kept', without({ $literal: added }, '$$kept')] }
  const list = { $let: { vars: { all }, in: { $cond: [{ $eq: ['$$all', []] }, '$$REMOVE', '$$all'] } } }
  return { $let: { vars: { kept }, in: list } }
}
