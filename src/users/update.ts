import type mongoose from 'mongoose'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { codeOf, DUPLICATE_KEY } from '../db/failure.ts'
import { mergeExpression } from '../db/merge.ts'
import { versionedUpdate } from '../db/versioned.ts'
import { DialogueStoreError, userNotFound, versionConflict } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { id, parse } from '../input.ts'
import { mergePatch } from '../json.ts'
import { callback } from '../log.ts'
import type { ShapeCheck } from '../shape.ts'
import { identityTaken } from './create.ts'
import {
  ALIVE,
  type Identity,
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
    const user = await attempt(deadline, 'read', (maxTimeMS) =>
      collection.findOne({ _id: userId, ...ALIVE }, { maxTimeMS }),
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
    versionedUpdate(collection, deadline, {
      key: { _id: userId, ...ALIVE },
      condition: toFilter(conditions),
      set,
    }).catch((error: unknown) => {
      throw codeOf(error) === DUPLICATE_KEY ? identityTaken(error) : error
    })

  /** One atomic write where the server can merge; compare-and-swap where it can't, or a shape has to see the result. */
  async function apply(
    userId: ObjectId,
    patch: UserPatch,
    conditions: Conditions,
    deadline: Deadline,
  ): Promise<UserDocument> {
    const merged = patch.data && !checkData ? mergeExpression('$data', patch.data) : undefined
    while (true) {
      const swap = patch.data && !merged ? await read(userId, deadline) : undefined
      const set = changes(
        patch,
        swap && patch.data ? { $literal: checked(mergePatch(swap.data, patch.data)) } : merged,
      )
      const written = await write(
        userId,
        deadline,
        swap ? { ...conditions, ifVersion: swap.version } : conditions,
        set,
      )
      if (written) return written
      checkConditions(await read(userId, deadline), conditions)
    }
  }

  const checked = (data: UserDocument['data']) => (checkData ? checkData(data) : data)

  return {
    async updateUser(userId: unknown, patch: unknown, options?: unknown): Promise<User<D>> {
      const key = parse(id, userId, ['userId'])
      const conditions = parse(updateOptions, options, ['options'])
      const deadline = database.deadline()
      if (typeof patch !== 'function') {
        return toUser(await apply(key, parse(userPatch, patch), conditions, deadline))
      }
      while (true) {
        const current = await read(key, deadline)
        checkConditions(current, conditions)
        const change = parse(userPatch, await callback(() => patch(toUser<D>(current))))
        const set = { ...conditions, ifVersion: current.version }
        const written = await apply(key, change, set, deadline).catch(ignoreConflict)
        if (written) return toUser(written)
      }
    },
  }
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
  const actual = Object.fromEntries(Object.keys(ifStates).map((flow) => [flow, user.states[flow] ?? null]))
  if (Object.entries(ifStates).every(([flow, state]) => actual[flow] === state)) return
  const text = 'The user is in another state than expected: somebody else was faster. Read the user again.'
  throw new DialogueStoreError('STATE_CONFLICT', text, { expected: ifStates, actual })
}

const SCALARS = ['name', 'email', 'locale', 'timezone'] as const

function changes(patch: UserPatch, data: unknown): Record<string, unknown> {
  const set: Record<string, unknown> = {}
  for (const field of SCALARS) {
    const value = patch[field]
    if (value !== undefined) set[field] = value === null ? '$$REMOVE' : { $literal: value }
  }
  if (patch.states === null) set.states = { $literal: {} }
  else if (patch.states) set.states = mergeExpression('$states', patch.states)
  if (patch.data === null) set.data = { $literal: {} }
  else if (patch.data) set.data = data
  if (patch.addIdentities || patch.removeIdentities) {
    set.identities = changedIdentities(patch.addIdentities ?? [], patch.removeIdentities ?? [])
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
