import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { toStoreError } from '../db/failure.ts'
import { altered, type DialogueStoreError, invalidInput } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { parse } from '../input.ts'
import type { ShapeCheck } from '../shape.ts'
import type { Claims } from './claims.ts'
import { createLane } from './lane.ts'
import type { RetentionKeeper } from './retention.ts'
import { type Message, type MessageDocument, type NewMessage, newMessage, toMessage } from './schema.ts'
import { assertFits } from './size.ts'
import { createTrim } from './trim.ts'
import { createWriter, type Stored } from './writer.ts'

/** What became of one message of a bulk. */
export type StoreOutcome<M> =
  | { status: 'created' | 'duplicate'; message: Message<M> }
  | { status: 'rejected'; error: DialogueStoreError }

interface Needs {
  database: Database
  retention: RetentionKeeper
  claims: Claims
  checkMetadata: ShapeCheck | undefined
  maxQueuedBytes: number
  usersAmong(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
  /** A trim that failed: the messages are stored, and the next one trims more. */
  onTrimFailure(error: unknown): void
}

/** The verbs that store messages: validate, queue in the lane, answer each caller. */
export function createStoring<M>({
  database,
  retention,
  claims,
  checkMetadata,
  maxQueuedBytes,
  usersAmong,
  onTrimFailure,
}: Needs) {
  const trim = createTrim(database, retention)
  const onStored = (documents: MessageDocument[], deadline: Deadline) =>
    trim(documents, deadline).catch(onTrimFailure)
  const flush = createWriter({ database, retention, claims, usersAmong, onStored })
  const lane = createLane<MessageDocument, Stored>({
    flush,
    /* Bulk inserts from several connections slow each other down on a capped collection. */
    parallel: () => (retention.current().kind === 'capped' ? 1 : 4),
    maxQueuedBytes,
  })

  function accept(input: unknown): { document: MessageDocument; bytes: number } {
    const message = parse(newMessage, input)
    if (message.metadata && checkMetadata) message.metadata = checkMetadata(message.metadata)
    const document = toDocument(message)
    return { document, bytes: assertFits(document, retention.current()) }
  }

  return {
    async storeMessage(input: unknown): Promise<{ message: Message<M>; created: boolean }> {
      const { document, bytes } = accept(input)
      const stored = await lane.send(document, bytes, database.deadline())
      return { message: toMessage(stored.document), created: stored.created }
    },

    async storeMessages(inputs: unknown): Promise<StoreOutcome<M>[]> {
      if (!Array.isArray(inputs)) throw invalidInput([{ path: [], reason: 'must be an array of messages' }])
      const outcomes: Promise<StoreOutcome<M>>[] = []
      for (const [index, input] of inputs.entries()) {
        const rejected = (error: unknown) => ({ status: 'rejected' as const, error: ofItem(index, error) })
        try {
          const { document, bytes } = accept(input)
          /* Where a single message would be refused, a bulk waits. */
          while (!lane.hasRoom(bytes)) await lane.room(bytes)
          outcomes.push(lane.send(document, bytes, database.deadline()).then(toOutcome<M>, rejected))
        } catch (error) {
          outcomes.push(Promise.resolve(rejected(error)))
        }
      }
      return Promise.all(outcomes)
    },
  }
}

/** An item's error, with the item's index in its paths. */
function ofItem(index: number, thrown: unknown): DialogueStoreError {
  const error = toStoreError(thrown)
  if (!error.issues) return error
  const issues = error.issues.map(({ path, reason }) => ({ path: [index, ...path], reason }))
  /* Our own sentence names the paths; it has to name the new ones. */
  return error.cause ? altered(error, { issues }) : invalidInput(issues)
}

const toOutcome = <M>({ document, created }: Stored): StoreOutcome<M> => ({
  status: created ? 'created' : 'duplicate',
  message: toMessage(document),
})

function toDocument(message: NewMessage): MessageDocument {
  const now = new Date()
  const named = message.id !== undefined || typeof message.externalId === 'string'
  return {
    _id: message.id ?? nextId(),
    userId: message.userId,
    timestamp: message.timestamp ?? now,
    sender: message.sender,
    type: message.type,
    content: message.content,
    ...(typeof message.conversationId === 'string' && { conversationId: message.conversationId }),
    ...(typeof message.externalId === 'string' && { externalId: message.externalId }),
    ...(message.audio && { audio: message.audio }),
    ...(message.metadata && { metadata: message.metadata }),
    version: 1,
    createdAt: now,
    ...(named && { op: nextId() }),
  }
}
