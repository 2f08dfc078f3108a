import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { createLane } from '../db/lane.ts'
import { createRoom } from '../db/room.ts'
import { bytesOf } from '../db/size.ts'
import type { ObjectId } from '../ids.ts'
import type { ShapeCheck } from '../shape.ts'
import { accept } from './accept.ts'
import { type Sized, type StoreOutcome, storeAll, toBulk } from './bulk.ts'
import { createClaiming } from './claiming.ts'
import type { Claims } from './claims.ts'
import type { Clock } from './clock.ts'
import { createPresence } from './presence.ts'
import type { RetentionKeeper } from './retention.ts'
import { type Message, type MessageDocument, toMessage } from './schema.ts'
import { assertFits, capOf } from './size.ts'
import { createTidying } from './tidy.ts'
import { type Callbacks, type Group, isNamed, type Stored, Traveller, toGroup } from './traveller.ts'
import { createWriter } from './writer.ts'

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
/** Smaller batches cost more than it brings to have two under way. */
const FEW = 100

/** The verbs that store messages: validate, claim external ids, queue in the lane, answer each caller. */
export function createStoring<M>(needs: Needs) {
  const { database, retention, claims, checkMetadata, maxQueuedBytes, usersAmong } = needs
  const room = createRoom(maxQueuedBytes)
  const presence = createPresence(usersAmong)
  const claimAnew = (travellers: Traveller[]) => travellers.forEach(claimLane.board)
  const tidying = createTidying(needs)
  const flush = createWriter({ ...needs, presence, tidying, claimAnew })
  const lane = createLane<Group>({
    flush,
    /* Bulk inserts from several connections slow each other down on a capped collection. */
    parallel: () => (retention.current().kind === 'capped' ? 1 : 2),
    maxItems: BATCH,
    fewItems: FEW,
  })
  const board = (travellers: Traveller[], flight: ObjectId) => lane.board(toGroup(travellers, flight))
  const claimLane = createLane<Traveller>({
    flush: createClaiming({ claims, presence, tidying, board }),
    /* One that is held makes others wait for a second. */
    parallel: () => 4,
    maxItems: BATCH,
    fewItems: BATCH,
  })

  function send(travellers: Traveller[]): void {
    const unnamed = travellers.filter((traveller) => !isNamed(traveller))
    if (unnamed.length > 0) lane.board(toGroup(unnamed))
    if (unnamed.length < travellers.length) travellers.filter(isNamed).forEach(claimLane.board)
  }

  function acceptSized(input: unknown): Sized {
    const accepted = accept(input, checkMetadata)
    return { ...accepted, bytes: bytesOf(accepted.document) }
  }

  /** Who fits by what is known goes on at once. */
  const doubt = ({ bytes }: Sized): Promise<void> | undefined =>
    bytes > capOf(retention.current()) ? assertFits(bytes, retention) : undefined

  /** @throws DialogueStoreError `OVERLOADED` */
  function enter({ document, bytes, isChosen }: Sized, deadline: Deadline, callbacks: Callbacks): Traveller {
    room.take(bytes)
    return new Traveller({ message: document, bytes, isChosen, deadline, callbacks, leave: room.leave })
  }

  return {
    /** Resolves when no message is under way that its caller has given up. */
    tidied: tidying.done,
    async storeMessage(input: unknown): Promise<{ message: Message<M>; created: boolean }> {
      const accepted = acceptSized(input)
      const doubted = doubt(accepted)
      if (doubted) await doubted
      const { document, created } = await new Promise<Stored>((onStored, onFailed) =>
        send([enter(accepted, database.deadline(), { onStored, onFailed })]),
      )
      return { message: toMessage(document), created }
    },

    async storeMessages(inputs: unknown): Promise<StoreOutcome<M>[]> {
      return storeAll<M>(
        { accept: acceptSized, doubt, enter, send, room, deadline: database.deadline },
        toBulk(inputs),
      )
    },
  }
}
