import { z } from 'zod'
import { encodeCursor } from '../cursor.ts'
import type { ModelDefinition } from '../db/definition.ts'
import type { Entity } from '../entity.ts'
import { counter, date, id, json, text, withoutNull } from '../input.ts'
import { copyJson, type JsonObject } from '../json.ts'

const sender = text(100)
export const conversationId = text(200)
const externalId = text(500)
/** No document is longer. */
const LONGEST_CONTENT = 2 ** 24
/** How long it may be is checked in bytes, once the document is known. */
const givenContent = text(Number.POSITIVE_INFINITY, 0)
const type = z.enum(['text', 'voice'])
const audio = z.strictObject({
  uri: text(2000).optional(),
  mimeType: text(200).optional(),
  durationSeconds: z.number().min(0).optional(),
})

const givenAudio = audio
  .extend({
    uri: audio.shape.uri.nullable(),
    mimeType: audio.shape.mimeType.nullable(),
    durationSeconds: audio.shape.durationSeconds.nullable(),
  })
  .transform(withoutNull)

const fields = {
  userId: id,
  sender,
  content: text(LONGEST_CONTENT, 0),
  timestamp: date,
  type,
  conversationId: conversationId.optional(),
  externalId: externalId.optional(),
  audio: audio.optional(),
  metadata: json.optional(),
}

/** What is stored of a message. Its place in the history is `(timestamp, _id)`. */
export const messageDocument = z.strictObject({
  _id: id,
  ...fields,
  version: counter,
  /** When it was stored: the age of rolling retention counts from here. */
  createdAt: date,
  /** When it was changed last, if ever. */
  updatedAt: date.optional(),
  /** Whose insert this is, where several may bring the same `_id`. */
  op: id.optional(),
})
export type MessageDocument = z.output<typeof messageDocument>

/** Serves pages in both directions, filters on sender and type, and counts, without reading a document. */
export const BY_USER = { userId: 1, timestamp: -1, _id: -1, sender: 1, type: 1 } as const
export const BY_CONVERSATION = {
  userId: 1,
  conversationId: 1,
  timestamp: -1,
  _id: -1,
  sender: 1,
  type: 1,
} as const

export const messages: ModelDefinition<typeof messageDocument> = {
  name: 'Message',
  collection: 'messages',
  document: messageDocument,
  owner: 'userId',
  ownErasure: true,
  indexes: [
    { keys: BY_USER },
    { keys: BY_CONVERSATION, options: { partialFilterExpression: { conversationId: { $exists: true } } } },
    {
      keys: { userId: 1, externalId: 1 },
      options: { partialFilterExpression: { externalId: { $exists: true } } },
    },
  ],
}

export const SEEN_SECONDS = 7 * 24 * 60 * 60

/** Which message an external id belongs to: it outlives the message, so that a late repeat stays away. */
const seenDocument = z.strictObject({
  /** User, conversation and external id: see `seenKey`. */
  _id: z.string(),
  messageId: id,
  /** The batches that were to insert the message. Absent: it is stored, or will be by the journal. */
  flights: z.array(id).min(1).optional(),
  createdAt: date,
})
export type SeenDocument = z.output<typeof seenDocument>

/** What became of a flight: see `Flights`. */
const flightDocument = z.strictObject({
  _id: z.string(),
  createdAt: date,
  landed: z.literal(true).optional(),
  /** By how many transactions. */
  overtaken: counter.optional(),
})
export type FlightDocument = z.output<typeof flightDocument>

export const seen: ModelDefinition<typeof seenDocument> = {
  name: 'Seen',
  collection: 'seen',
  document: seenDocument,
  alternative: flightDocument,
  owner: 'prefix',
  ownErasure: true,
  indexes: [{ keys: { createdAt: 1 }, options: { expireAfterSeconds: SEEN_SECONDS } }],
}

export const newMessage = z
  .strictObject({
    id: id.optional(),
    ...fields,
    content: givenContent,
    type: type.default('text'),
    timestamp: date.optional(),
    conversationId: conversationId.nullish(),
    externalId: externalId.nullish(),
    audio: givenAudio.nullish(),
    metadata: json.nullish(),
  })
  .superRefine((message, ctx) => {
    const silent =
      message.content === '' && message.type === 'text' && Object.keys(message.metadata ?? {}).length === 0
    if (silent)
      ctx.addIssue({
        code: 'custom',
        path: ['content'],
        message: 'may be empty only for voice, or with metadata',
      })
    if (message.audio && message.type !== 'voice') {
      ctx.addIssue({ code: 'custom', path: ['audio'], message: "is for messages of type 'voice'" })
    }
  })
export type NewMessage = z.output<typeof newMessage>
export type NewMessageInput = z.input<typeof newMessage>

const filter = {
  from: date.optional(),
  to: date.optional(),
  conversationId: conversationId.optional(),
  senders: z.array(sender).min(1).max(100).optional(),
  types: z.array(type).min(1).max(2).optional(),
}
const inOrder = ({ from, to }: { from?: Date | undefined; to?: Date | undefined }) =>
  !from || !to || from <= to
const notInOrder = { path: ['to'], message: 'is before from' }

export const historyOptions = z
  .strictObject({
    limit: z.int().min(1).max(1000).default(50),
    before: z.string().nullish(),
    after: z.string().nullish(),
    count: z.union([z.boolean(), z.literal('exact')], "must be true, false or 'exact'").default(true),
    ...filter,
  })
  .refine(({ before, after }) => typeof before !== 'string' || typeof after !== 'string', {
    path: ['after'],
    message: 'cannot be given together with before',
  })
  .refine(inOrder, notInOrder)

export const iterateOptions = z
  .strictObject({ after: z.string().nullish(), ...filter })
  .refine(inOrder, notInOrder)

export type HistoryOptions = z.input<typeof historyOptions>
export type IterateOptions = z.input<typeof iterateOptions>
export interface MessageFilter {
  from?: Date | undefined
  to?: Date | undefined
  conversationId?: string | undefined
  senders?: string[] | undefined
  types?: ('text' | 'voice')[] | undefined
}

export const messageKey = z.union(
  [z.strictObject({ id }), z.strictObject({ externalId, conversationId: conversationId.nullish() })],
  'give { id } or { externalId, conversationId? }',
)
export type MessageKey = z.input<typeof messageKey>

export const messagePatch = z.strictObject({
  content: givenContent.optional(),
  metadata: json.nullish(),
  audio: givenAudio.nullish(),
  externalId: externalId.nullish(),
})
export type MessagePatch = z.output<typeof messagePatch>
export type MessagePatchInput = z.input<typeof messagePatch>

export const deletion = z.union(
  [
    z.strictObject({ ids: z.array(id).max(100_000) }),
    z.strictObject({ conversationId }),
    z.strictObject({ all: z.literal(true) }),
  ],
  'give { ids }, { conversationId } or { all: true }',
)
export type Deletion = z.output<typeof deletion>
export type DeletionInput = z.input<typeof deletion>

type Nullable<T> = { [K in keyof T]-?: NonNullable<T[K]> | null }
export type Audio = Nullable<z.output<typeof audio>>

export type Message<M = JsonObject> = Entity<MessageDocument, 'audio' | 'metadata' | 'updatedAt' | 'op'> & {
  audio: Audio | null
  metadata: M
  /** When it was changed last; `createdAt` if never. */
  updatedAt: Date
  /** Its place in the history, for `before`, `after` and a context's `covers`. */
  cursor: string
}

/** What a caller is given is theirs: the document may still have to be sent, or be somebody else's, too. */
export function toMessage<M>(document: MessageDocument): Message<M> {
  const { audio: heard } = document
  return {
    id: document._id.toHexString(),
    userId: document.userId.toHexString(),
    sender: document.sender,
    content: document.content,
    type: document.type,
    timestamp: new Date(document.timestamp),
    conversationId: document.conversationId ?? null,
    externalId: document.externalId ?? null,
    audio: heard
      ? {
          uri: heard.uri ?? null,
          mimeType: heard.mimeType ?? null,
          durationSeconds: heard.durationSeconds ?? null,
        }
      : null,
    // The store's shapes are the caller's word on what metadata holds; it was checked when it was stored.
    metadata: copyJson(document.metadata ?? {}) as M,
    version: document.version,
    createdAt: new Date(document.createdAt),
    updatedAt: new Date(document.updatedAt ?? document.createdAt),
    cursor: encodeCursor(document.userId, { timestamp: document.timestamp, id: document._id }),
  }
}
