import { z } from 'zod'
import type { ModelDefinition } from '../db/definition.ts'
import { counter, date, id, json, text } from '../input.ts'

export const namespace = text(100)
export const key = text(1024)

/** What a bot's framework keeps under a name: the state of a chat, a dialog, a conversation. Not the user's context. */
const sessionDocument = z.strictObject({
  _id: id,
  /** Whose keys they are: one for each use of a framework's storage. */
  namespace,
  key,
  /** Whose session it is, where that is known. */
  userId: id.optional(),
  /** `{ value }`: a framework's value may be anything that JSON has. */
  data: json,
  version: counter,
  createdAt: date,
  updatedAt: date,
  ops: z.array(id).max(8).optional(),
})
export type SessionDocument = z.output<typeof sessionDocument>

export const sessions: ModelDefinition<typeof sessionDocument> = {
  name: 'Session',
  collection: 'sessions',
  document: sessionDocument,
  owner: 'userId',
  indexes: [
    { keys: { namespace: 1, key: 1 }, options: { unique: true } },
    { keys: { userId: 1 }, options: { partialFilterExpression: { userId: { $exists: true } } } },
  ],
}

/** One that is exported. */
export interface Session {
  namespace: string
  key: string
  value: unknown
  /** 1 at first; rises with every write. */
  version: number
  createdAt: Date
  updatedAt: Date
}

export const toSession = ({
  namespace,
  key,
  data,
  version,
  createdAt,
  updatedAt,
}: SessionDocument): Session => ({
  ...{ namespace, key, value: data.value, version, createdAt, updatedAt },
})
