import type mongoose from 'mongoose'
import { z } from 'zod'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { versionedUpdate } from '../db/versioned.ts'
import { DialogueStoreError, invalidInput, userNotFound, versionConflict } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { counter, id, parse } from '../input.ts'
import type { ShapeCheck } from '../shape.ts'
import type { Claims } from './claims.ts'
import type { RetentionKeeper } from './retention.ts'
import {
  type Deletion,
  deletion,
  type Message,
  type MessageDocument,
  type MessagePatch,
  messageKey,
  messagePatch,
  messages,
  toMessage,
} from './schema.ts'
import { assertFits } from './size.ts'

export const messageNotFound = (): DialogueStoreError =>
  new DialogueStoreError(
    'MESSAGE_NOT_FOUND',
    'This user has no such message, or it was deleted or evicted. Find those there are with retrieveHistory().',
  )

const patchOptions = z.strictObject({ ifVersion: counter.optional() }).default({})
const BATCH = 1000
/** Left to itself the server may walk all of a user's history to find a few ids. */
const BY_ID = { _id: 1 } as const

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
  checkMetadata: ShapeCheck | undefined
  usersAmong(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
}

/** Verbs on single messages, and their deletion. */
export function createEdit<M>({ database, retention, claims, checkMetadata, usersAmong }: Needs) {
  const collection = database.collection(messages)

  const requireUser = async (userId: ObjectId, deadline: Deadline): Promise<void> => {
    if ((await usersAmong([userId], deadline)).size === 0) throw userNotFound()
  }

  const find = async (
    userId: ObjectId,
    filter: mongoose.mongo.Filter<MessageDocument>,
    deadline: Deadline,
  ) => {
    const [, found] = await Promise.all([
      requireUser(userId, deadline),
      attempt(deadline, 'read', (terms) => collection.findOne({ ...filter, userId }, terms)),
    ])
    if (!found) throw messageNotFound()
    return found
  }

  /** An external id given later is claimed like one given at once. */
  async function claim(message: MessageDocument, externalId: string, deadline: Deadline): Promise<void> {
    if (await claims.claimStored({ ...message, externalId }, deadline)) return
    throw invalidInput([{ path: ['patch', 'externalId'], reason: 'belongs to another message' }])
  }

  async function update(
    message: MessageDocument,
    patch: MessagePatch,
    ifVersion: number | undefined,
    deadline: Deadline,
  ) {
    const key = { _id: message._id, userId: message.userId }
    const condition = ifVersion === undefined ? {} : { version: ifVersion }
    const written = await retention.throughFence(deadline, () =>
      versionedUpdate(collection, deadline, { key, condition, set: changes(patch) }),
    )
    if (written) return written
    const current = await find(message.userId, { _id: message._id }, deadline)
    throw versionConflict(ifVersion ?? current.version, current.version)
  }

  const batchOf = (filter: mongoose.mongo.Filter<MessageDocument>, deadline: Deadline) =>
    attempt(deadline, 'read', (terms) =>
      collection
        .find(filter, {
          projection: { userId: 1, conversationId: 1, externalId: 1 },
          ...('_id' in filter && { hint: BY_ID }),
          ...terms,
        })
        .limit(BATCH)
        .toArray(),
    )

  /** In batches, so that other writers are not starved. */
  async function remove(userId: ObjectId, filter: mongoose.mongo.Filter<MessageDocument>): Promise<number> {
    let removed = 0
    while (true) {
      const deadline = database.deadline()
      const batch = await batchOf({ ...filter, userId }, deadline)
      if (batch.length === 0) return removed
      await claims.keepAway(batch, deadline)
      removed += await removeIds(
        userId,
        batch.map(({ _id }) => _id),
        deadline,
      )
    }
  }

  /** How many were there: after a lost reply nobody knows whose deletion it was, and all count. */
  const removeIds = (userId: ObjectId, ids: ObjectId[], deadline: Deadline): Promise<number> =>
    retention.removeThroughFence(deadline, () =>
      attempt(deadline, 'write', async (terms, repeats) => {
        const { deletedCount } = await collection.deleteMany(
          { _id: { $in: ids }, userId },
          { hint: BY_ID, ...terms },
        )
        return repeats > 0 ? ids.length : deletedCount
      }),
    )

  return {
    reads: {
      async getMessage(user: unknown, key: unknown): Promise<Message<M>> {
        const userId = parse(id, user, ['userId'])
        const wanted = parse(messageKey, key, ['key'])
        const filter =
          'id' in wanted
            ? { _id: wanted.id }
            : { externalId: wanted.externalId, conversationId: wanted.conversationId ?? { $exists: false } }
        return toMessage(await find(userId, filter, database.deadline()))
      },
    },

    verbs: {
      async updateMessage(
        user: unknown,
        messageId: unknown,
        change: unknown,
        options?: unknown,
      ): Promise<Message<M>> {
        const userId = parse(id, user, ['userId'])
        const _id = parse(id, messageId, ['messageId'])
        const patch = parse(messagePatch, change, ['patch'])
        const { ifVersion } = parse(patchOptions, options, ['options'])
        if (patch.metadata && checkMetadata) patch.metadata = checkMetadata(patch.metadata)
        const deadline = database.deadline()
        const message = await find(userId, { _id }, deadline)
        if (ifVersion !== undefined && ifVersion !== message.version)
          throw versionConflict(ifVersion, message.version)
        assertMeaningful(message, patch)
        assertFits({ ...message, ...patch }, retention.current())
        if (typeof patch.externalId === 'string') await claim(message, patch.externalId, deadline)
        return toMessage(await update(message, patch, ifVersion, deadline))
      },

      async deleteMessages(user: unknown, which: unknown): Promise<number> {
        const userId = parse(id, user, ['userId'])
        const filter = parse(deletion, which, ['filter'])
        await requireUser(userId, database.deadline())
        let removed = 0
        for (const part of toFilters(filter)) removed += await remove(userId, part)
        return removed
      },
    },

    /** For the erasure of a user. */
    findOf: async (userId: ObjectId, limit: number): Promise<ObjectId[]> => {
      const deadline = database.deadline()
      const found = await attempt(deadline, 'read', (terms) =>
        collection
          .find({ userId }, { projection: { _id: 1 }, ...terms })
          .limit(limit)
          .toArray(),
      )
      return found.map(({ _id }) => _id)
    },
    removeOf: async (userId: ObjectId, ids: ObjectId[]): Promise<void> => {
      await removeIds(userId, ids, database.deadline())
    },
  }
}

function toFilters(which: Deletion): mongoose.mongo.Filter<MessageDocument>[] {
  if ('all' in which) return [{}]
  if ('conversationId' in which) return [{ conversationId: which.conversationId }]
  const parts: mongoose.mongo.Filter<MessageDocument>[] = []
  for (let i = 0; i < which.ids.length; i += BATCH)
    parts.push({ _id: { $in: which.ids.slice(i, i + BATCH) } })
  return parts
}

function changes(patch: MessagePatch): Record<string, unknown> {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    given.map(([field, value]) => [field, value === null ? '$$REMOVE' : { $literal: value }]),
  )
}

/** The rules of a new message hold for a changed one. */
function assertMeaningful(message: MessageDocument, patch: MessagePatch): void {
  if (patch.audio && message.type !== 'voice') {
    throw invalidInput([{ path: ['patch', 'audio'], reason: "is for messages of type 'voice'" }])
  }
  const content = patch.content ?? message.content
  const metadata = patch.metadata === undefined ? message.metadata : patch.metadata
  if (content === '' && message.type === 'text' && Object.keys(metadata ?? {}).length === 0) {
    throw invalidInput([
      { path: ['patch', 'content'], reason: 'may be empty only for voice, or with metadata' },
    ])
  }
}
