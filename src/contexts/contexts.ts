import type { z } from 'zod'
import { decodeCursor, encodeCursor, type Position } from '../cursor.ts'
import { attempt, backOff, type Deadline, renewed } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { createGather } from '../db/gather.ts'
import { mergeExpression } from '../db/merge.ts'
import { versionedReplace, versionedUpdate } from '../db/versioned.ts'
import { invalidInput, notRepeatable, userNotFound, versionConflict } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { id, json, parse } from '../input.ts'
import { exactJson, type JsonObject, mergeJson } from '../json.ts'
import { callback } from '../log.ts'
import type { ShapeCheck } from '../shape.ts'
import { type ContextDocument, contexts, type DialogueContext, readOptions, writeOptions } from './schema.ts'

interface Needs {
  database: Database
  checkData: ShapeCheck | undefined
  /** Reads what has a mark, and counts the user's messages after it, to 1,000: no transaction comes in between. */
  countAfter<T extends { covers?: Position | undefined }>(
    userId: ObjectId,
    read: () => Promise<T>,
    filter: { senders?: string[]; conversationId?: string },
    deadline: Deadline,
  ): Promise<{ found: T; count: number }>
}

/** What a write makes of the data, and on which condition. */
interface Change {
  /** The new data, or an aggregation expression for it. */
  data: { value: JsonObject } | { expression: unknown }
  ifVersion?: number | undefined
  covers?: Position | undefined
}

/** Contexts may be large: a few of them fit into what the server sends at once. */
const MOST_AT_ONCE = 32

export function createContexts<D>({ database, checkData, countAfter }: Needs) {
  const collection = database.collection(contexts)
  const checked = (data: JsonObject): JsonObject => (checkData ? checkData(data) : data)

  const gather = createGather<ObjectId, ContextDocument>({
    nameOf: (userId) => userId.toHexString(),
    namesOf: ({ userId }) => [userId.toHexString()],
    most: MOST_AT_ONCE,
    read: (userIds, deadline) =>
      attempt(deadline, 'read', (terms) => collection.find({ userId: { $in: userIds } }, terms).toArray()),
  })

  const read = async (userId: ObjectId, deadline: Deadline): Promise<ContextDocument> => {
    const found = await gather(userId, deadline)
    if (!found) throw userNotFound()
    return found
  }

  /** Without upsert: once the user is gone, so is their context, and the write finds nothing. */
  const writeWhere = async (
    hasData: boolean,
    userId: ObjectId,
    deadline: Deadline,
    { data, ifVersion, covers }: Change,
  ) => {
    const toWrite = (op: ObjectId, value: unknown) => ({
      key: { userId },
      condition: { ...(ifVersion && { version: ifVersion }), data: { $exists: hasData } },
      set: { data: value, ...(!hasData && { filledBy: op }), ...(covers && { covers }) },
    })
    const document = await ('value' in data
      ? versionedReplace(collection, deadline, (op) => toWrite(op, data.value))
      : versionedUpdate(collection, deadline, (op) => toWrite(op, data.expression)))
    return document && { document, created: !hasData }
  }

  /** `ifVersion: 0` means 'it has no data now', whatever the version has risen to. */
  const write = async (userId: ObjectId, deadline: Deadline, change: Change) =>
    (change.ifVersion === 0 ? null : await writeWhere(true, userId, deadline, change)) ??
    writeWhere(false, userId, deadline, change)

  async function mustWrite(userId: ObjectId, deadline: Deadline, change: Change) {
    while (true) {
      const written = await write(userId, deadline, change)
      if (written) return outcome(written)
      checkVersion(await read(userId, deadline), change.ifVersion)
    }
  }

  const outcome = ({ document, created }: { document: ContextDocument; created: boolean }) => ({
    context: toContext<D>(document),
    created,
  })

  /** Read, change, compare-and-swap, again when somebody else was faster. */
  async function swap(
    userId: ObjectId,
    options: ReturnType<typeof parseOptions>,
    change: (data: JsonObject) => JsonObject | Promise<JsonObject>,
  ) {
    let deadline = database.deadline()
    for (let round = 0; ; round++) {
      const current = await read(userId, deadline)
      checkVersion(current, options.ifVersion)
      const left = deadline.remaining()
      const data = checked(await change(current.data ?? {}))
      /* The caller's function may take longer than the server may. */
      deadline = renewed(deadline, left)
      const swapped = { ...options, data: { value: data }, ifVersion: current.version }
      const written = await writeWhere(current.data !== undefined, userId, deadline, swapped)
      if (written) return outcome(written)
      await backOff(round, deadline)
    }
  }

  return {
    verbs: {
      async storeContext(userId: unknown, data: unknown, options?: unknown) {
        const { key, ...rest } = parseOptions(userId, options)
        const value = checked(parse(json, data, ['data']))
        return mustWrite(key, database.deadline(), { ...rest, data: { value } })
      },

      async mergeContext(userId: unknown, patch: unknown, options?: unknown) {
        const { key, ...rest } = parseOptions(userId, options)
        const value = parse(json, patch, ['patch'])
        const expression = checkData ? undefined : mergeExpression('$data', value)
        if (expression) return mustWrite(key, database.deadline(), { ...rest, data: { expression } })
        return swap(key, { key, ...rest }, (current) => mergeJson(current, value, ['data']))
      },

      async updateContext(userId: unknown, change: (data: D) => unknown, options?: unknown) {
        const { key, ...rest } = parseOptions(userId, options)
        if (typeof change !== 'function')
          throw invalidInput([{ path: ['change'], reason: 'must be a function' }])
        return swap(key, { key, ...rest }, async (current) =>
          exactJson(await callback(() => change(current as D)), ['data']),
        ).catch((error: unknown) => {
          /* Called again, the function would see what it may have stored, and change it a second time. */
          throw notRepeatable(error)
        })
      },

      async deleteContext(userId: unknown): Promise<boolean> {
        const key = parse(id, userId, ['userId'])
        const deadline = database.deadline()
        const emptied = await versionedUpdate(collection, deadline, {
          key: { userId: key },
          condition: { data: { $exists: true } },
          set: { data: '$$REMOVE', filledBy: '$$REMOVE' },
        })
        if (!emptied) await read(key, deadline)
        return emptied !== null
      },
    },

    reads: {
      async retrieveContext(userId: unknown, options?: unknown): Promise<DialogueContext<D>> {
        const key = parse(id, userId, ['userId'])
        const { pending } = parse(readOptions, options, ['options'])
        const deadline = database.deadline()
        const reading = () => read(key, deadline)
        if (!pending) return toContext<D>(await reading())
        const { found, count } = await countAfter(key, reading, pending === true ? {} : pending, deadline)
        return { ...toContext<D>(found), pending: count }
      },
    },

    /** For the transaction that creates a user. */
    async createEmpty(userId: ObjectId, inside: Deadline): Promise<void> {
      const now = new Date()
      const empty = { _id: nextId(), userId, version: 0, createdAt: now, updatedAt: now }
      await attempt(inside, 'write', (terms) => collection.insertOne(empty, terms))
    },

    /** For the transaction that erases a user. */
    async erase(userId: ObjectId, inside: Deadline): Promise<number> {
      const erased = await attempt(inside, 'write', (terms) => collection.findOneAndDelete({ userId }, terms))
      return erased?.data ? 1 : 0
    },
  }
}

function parseOptions(userId: unknown, options: unknown) {
  const key = parse(id, userId, ['userId'])
  const { ifVersion, covers } = parse(writeOptions, options, ['options'])
  return { key, ifVersion, covers: covers === undefined ? undefined : decodeCursor(key, covers, 'covers') }
}

function checkVersion(context: ContextDocument, expected: number | undefined): void {
  if (expected === undefined) return
  if (expected === 0 ? context.data !== undefined : context.version !== expected) {
    throw versionConflict(expected, context.version)
  }
}

function toContext<D>(document: ContextDocument): DialogueContext<D> {
  return {
    userId: document.userId.toHexString(),
    // The store's shapes are the caller's word on what data holds; it was checked when it was stored.
    data: (document.data ?? {}) as D,
    version: document.version,
    covers: document.covers ? encodeCursor(document.userId, document.covers) : null,
    pending: null,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  }
}

export type ContextWrite = NonNullable<z.input<typeof writeOptions>>
export type ContextRead = NonNullable<z.input<typeof readOptions>>
