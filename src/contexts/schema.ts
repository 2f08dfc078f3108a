import { z } from 'zod'
import type { ModelDefinition } from '../db/definition.ts'
import { counter, date, id, json, text } from '../input.ts'
import type { JsonObject } from '../json.ts'

/** What is stored of a context. One for each user, created with them, emptied but never removed while they live. */
const contextDocument = z.strictObject({
  _id: id,
  userId: id,
  /** Absent: the user has no context now. */
  data: json.optional(),
  version: counter,
  /** The place of the last message that the data takes in. */
  covers: z.strictObject({ timestamp: date, id }).optional(),
  createdAt: date,
  updatedAt: date,
  ops: z.array(id).max(8).optional(),
  /** The operation that gave the context its data when it had none. */
  filledBy: id.optional(),
})
export type ContextDocument = z.output<typeof contextDocument>

export const contexts: ModelDefinition<typeof contextDocument> = {
  name: 'DialogueContext',
  collection: 'contexts',
  document: contextDocument,
  owner: 'userId',
  ownErasure: true,
  indexes: [
    { keys: { userId: 1 }, options: { unique: true } },
    /* Counts the contexts that have data. */
    { keys: { filledBy: 1 }, options: { sparse: true } },
  ],
}

export const writeOptions = z
  .strictObject({ ifVersion: counter.optional(), covers: z.string().optional() })
  .default({})

export const readOptions = z
  .strictObject({
    pending: z
      .union(
        [
          z.literal(true),
          z.strictObject({
            senders: z.array(text(100)).min(1).max(100).optional(),
            conversationId: text(200).optional(),
          }),
        ],
        'must be true or { senders?, conversationId? }',
      )
      .optional(),
  })
  .default({})

/** The long-term context of one user. */
export interface DialogueContext<D = JsonObject> {
  userId: string
  /** `{}` when nothing is stored. */
  data: D
  /** 0 before the first write; only ever rises. */
  version: number
  /** The cursor of the last message that `data` takes in: `iterateHistory(userId, { after: covers })` yields the rest. */
  covers: string | null
  /** Messages after `covers`, at most 1,000; null when not asked for. */
  pending: number | null
  createdAt: Date
  updatedAt: Date
}
