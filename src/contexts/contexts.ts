import type { z } from 'zod'
import { decodeCursor, encodeCursor, type Position } from '../cursor.ts'
import { attempt, backOff, type Deadline, renewed, sure } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { createGather } from '../db/gather.ts'
import { mergeExpression } from '../db/merge.ts'
import { setPaths } from '../db/set-paths.ts'
import { type Change, type VersionedWrite, versionedUpdate, writtenBy } from '../db/versioned.ts'
import { invalidInput, notRepeatable, userNotFound, versionConflict } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { answered, id, json, parse } from '../input.ts'
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

/** What a write does to the data, and on which condition. */
interface Write {
  op: ObjectId
  change: Change
  condition?: VersionedWrite<ContextDocument>['condition']
  ifVersion?: number | undefined
  covers?: Position | undefined
}

/** Contexts may be large: a few of them fit into what the server sends at once. */
const MOST_AT_ONCE = 32

export function createContexts<D>({ database, checkData, countAfter }: Needs) {
  const collection = database.collection(contexts)
  const checked = (data: JsonObject): JsonObject => (checkData ? checkData(data, ['data']) : data)

  const gather = createGather<ObjectId, ContextDocument>({
    nameOf: (userId) => userId.toHexString(),
    namesOf: ({ userId }) => [userId.toHexString()],
    most: MOST_AT_ONCE,
    read: (userIds, deadline) =>
      attempt(deadline, 'read', (terms) =>
        collection.find({ userId: { $in: userIds } }, sure(terms)).toArray(),
      ),
  })

  const read = async (userId: ObjectId, deadline: Deadline): Promise<ContextDocument> => {
    const found = await gather(userId, deadline)
    if (!found) throw userNotFound()
    return found
  }

  /**
   * Without upsert: once the user is gone, so is their context, and the write finds nothing. `ifVersion: 0` means
   * 'it has no data now', whatever the version has risen to.
   */
  const writeWhere = async (hasData: boolean, userId: ObjectId, deadline: Deadline, write: Write) => {
    const { op, change, condition, ifVersion, covers } = write
    if (hasData && ifVersion === 0) return null
    const document = await versionedUpdate(database, collection, deadline, {
      op,
      key: { userId },
      condition: { ...condition, ...(ifVersion && { version: ifVersion }), data: { $exists: hasData } },
      ...change,
      values: { ...change.values, ...(!hasData && { filledBy: op }), ...(covers && { covers }) },
    })
    return document && { document, created: !hasData }
  }

  /** One of its ways to write that was given up may have arrived behind the others. */
  async function arrived(op: ObjectId, userId: ObjectId, deadline: Deadline) {
    const document = await attempt(deadline, 'write', (terms) => writtenBy(collection, { userId }, op, terms))
    return document && { document, created: document.filledBy?.equals(op) ?? false }
  }

  async function mustWrite(userId: ObjectId, deadline: Deadline, write: Write) {
    while (true) {
      const written =
        (await writeWhere(true, userId, deadline, write)) ??
        (await writeWhere(false, userId, deadline, write)) ??
        (await arrived(write.op, userId, deadline))
      if (written) return outcome(written)
      checkVersion(await read(userId, deadline), write.ifVersion)
    }
  }

  const outcome = ({ document, created }: { document: ContextDocument; created: boolean }) => ({
    context: toContext<D>(document),
    created,
  })

  /** In place where that can be, else calculated; null for a patch that the server cannot merge. */
  async function mergeStored(
    userId: ObjectId,
    patch: JsonObject,
    deadline: Deadline,
    options: Pick<Write, 'ifVersion' | 'covers'>,
  ) {
    const op = nextId()
    const inPlace = setPaths('data', patch)
    const written = inPlace && (await writeWhere(true, userId, deadline, { op, ...options, ...inPlace }))
    if (written) return outcome(written)
    const data = mergeExpression('$data', patch)
    return data ? mustWrite(userId, deadline, { op, ...options, change: { expressions: { data } } }) : null
  }

  /** Read, change, compare-and-swap, again when somebody else was faster. */
  async function swap(
    userId: ObjectId,
    options: ReturnType<typeof parseOptions>,
    deadline: Deadline,
    change: (data: JsonObject) => JsonObject | Promise<JsonObject>,
  ) {
    for (let round = 0; ; round++) {
      const current = await read(userId, deadline)
      checkVersion(current, options.ifVersion)
      const left = deadline.remaining()
      const data = checked(await change(current.data ?? {}))
      /* The caller's function may take longer than the server may. */
      deadline = renewed(deadline, left)
      const swapped = { op: nextId(), ...options, change: { values: { data } }, ifVersion: current.version }
      const written = await writeWhere(current.data !== undefined, userId, deadline, swapped)
      if (written) return outcome(written)
      await backOff(round, deadline)
    }
  }

  return {
    writes: {
      async storeContext(userId: unknown, data: unknown, options?: unknown) {
        const { key, ...rest } = parseOptions(userId, options)
        const value = checked(parse(json, data, ['data']))
        const write = { op: nextId(), ...rest, change: { values: { data: value } } }
        return mustWrite(key, database.deadline(), write)
      },

      async mergeContext(userId: unknown, patch: unknown, options?: unknown) {
        const { key, ...rest } = parseOptions(userId, options)
        const value = parse(json, patch, ['patch'])
        const deadline = database.deadline()
        const written = checkData ? null : await mergeStored(key, value, deadline, rest)
        return (
          written ?? swap(key, { key, ...rest }, deadline, (current) => mergeJson(current, value, ['data']))
        )
      },

      async updateContext(userId: unknown, change: (data: D) => unknown, options?: unknown) {
        const { key, ...rest } = parseOptions(userId, options)
        if (typeof change !== 'function')
          throw invalidInput([{ path: ['change'], reason: 'must be a function' }])
        return swap(key, { key, ...rest }, database.deadline(), async (current) =>
          exactJson(await callback(() => answered(change(current as D), ['data'])), ['data']),
        ).catch((error: unknown) => {
          /* Called again, the function would see what it may have stored, and change it a second time. */
          throw notRepeatable(error)
        })
      },

      async deleteContext(userId: unknown): Promise<boolean> {
        const key = parse(id, userId, ['userId'])
        const deadline = database.deadline()
        const emptied = await versionedUpdate(database, collection, deadline, {
          key: { userId: key },
          condition: { data: { $exists: true } },
          values: {},
          unset: ['data', 'filledBy'],
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
