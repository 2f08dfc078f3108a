import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { toStoreError } from '../db/failure.ts'
import { createLane } from '../db/lane.ts'
import { altered, type DialogueStoreError, invalidInput } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import type { ShapeCheck } from '../shape.ts'
import { toDocument } from './accept.ts'
import type { Stored } from './answer.ts'
import type { Claims } from './claims.ts'
import type { Clock } from './clock.ts'
import type { RetentionKeeper } from './retention.ts'
import { type Message, type MessageDocument, toMessage } from './schema.ts'
import { assertFits } from './size.ts'
import { createWriter } from './writer.ts'

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
  /** Called with messages that are stored. */
  onStored(documents: MessageDocument[], deadline: Deadline): Promise<void>
  clock: Pick<Clock, 'passed' | 'unsure'>
}

/** What travels in one command. */
const BATCH = 1000

/** Of a bulk, before they go on their way. */
const CHECKED_AT_ONCE = 250

/** The verbs that store messages: validate, queue in the lane, answer each caller. */
export function createStoring<M>({
  database,
  retention,
  claims,
  checkMetadata,
  maxQueuedBytes,
  usersAmong,
  onStored,
  clock,
}: Needs) {
  const { flush, tidied } = createWriter({ database, retention, claims, usersAmong, onStored, clock })
  const lane = createLane<MessageDocument, Stored>({
    flush,
    /* Bulk inserts from several connections slow each other down on a capped collection. */
    parallel: () => (retention.current().kind === 'capped' ? 1 : 4),
    maxItems: BATCH,
    maxQueuedBytes,
  })

  function accept(input: unknown): { document: MessageDocument; bytes: number } {
    const document = toDocument(input, checkMetadata)
    return { document, bytes: assertFits(document, retention.current()) }
  }

  return {
    /** Resolves when no message is under way that its caller has given up. */
    tidied,
    async storeMessage(input: unknown): Promise<{ message: Message<M>; created: boolean }> {
      const { document, bytes } = accept(input)
      const stored = await lane.send(document, bytes, database.deadline())
      return { message: toMessage(stored.document), created: stored.created }
    },

    async storeMessages(inputs: unknown): Promise<StoreOutcome<M>[]> {
      if (!Array.isArray(inputs)) throw invalidInput([{ path: [], reason: 'must be an array of messages' }])
      const outcomes: Promise<StoreOutcome<M>>[] = []
      for (const [index, input] of inputs.entries()) {
        /* Those before are sent while these are checked; and others have their turn. */
        if (index > 0 && index % CHECKED_AT_ONCE === 0) await nextTurn()
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
export function ofItem(index: number, thrown: unknown): DialogueStoreError {
  const error = toStoreError(thrown)
  if (!error.issues) return error
  const issues = error.issues.map(({ path, reason }) => ({ path: [index, ...path], reason }))
  /* Our own sentence names the paths; it has to name the new ones. */
  return error.cause ? altered(error, { issues }) : invalidInput(issues)
}

export const toOutcome = <M>({ document, created }: Stored): StoreOutcome<M> => ({
  status: created ? 'created' : 'duplicate',
  message: toMessage(document),
})
