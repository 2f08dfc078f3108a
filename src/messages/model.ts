import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import type { KeyedQueue } from '../db/queue.ts'
import type { ObjectId } from '../ids.ts'
import type { ShapeChecks } from '../shape.ts'
import { createClaims } from './claims.ts'
import { createClock } from './clock.ts'
import { createErasedMessages } from './erasing.ts'
import { createFlights } from './flights.ts'
import { createFollowing } from './follow/follow.ts'
import { createHistory } from './history.ts'
import { createJournal } from './journal.ts'
import { createLive } from './live.ts'
import { createLook, type UsersView } from './look.ts'
import { createNewest } from './newest.ts'
import { createRemoval } from './remove.ts'
import type { RetentionKeeper } from './retention.ts'
import type { MessageDocument } from './schema.ts'
import { createSettling, type Settling } from './settle.ts'
import { createStoring } from './storing.ts'
import { createTrim } from './trim.ts'
import { createTurns } from './turns.ts'

interface Needs {
  database: Database
  retention: RetentionKeeper
  users: UsersView
  directory: {
    among(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
    require(userId: ObjectId, deadline: Deadline): Promise<void>
    touch(userId: ObjectId, inside: Deadline): Promise<void>
  }
  shapes: Pick<ShapeChecks, 'metadata'>
  maxQueuedBytes: number
  queue: KeyedQueue
  /** Something failed that another store, or the next call, makes good. */
  warn(op: string, error: unknown): void
  onParked(entry: ObjectId, code: number): void
}

const OPENING_MS = 2000

/** The parts of the messages' model, put together. */
export function createMessages<M>(needs: Needs) {
  const { database, retention, directory, warn, onParked } = needs
  const journal = createJournal(database)
  const clock = createClock(database)
  const settleUsers: Settling['settleUsers'] = (userIds, deadline) => settling.settleUsers(userIds, deadline)
  const claims = createClaims({ database, flights: createFlights(database), settleUsers })
  const removal = createRemoval({ database, retention, claims })
  const { removeMessages } = removal
  const settling = createSettling({
    database,
    journal,
    retention,
    removeMessages,
    onParked,
    onAppended: clock.unsure,
  })
  const look = createLook({ database, users: needs.users, settleUsers })
  const newest = createNewest(database, needs.users)
  const live = createLive(database, clock)
  const history = createHistory<M>({ database, look: { at: look, newest }, live })
  const following = createFollowing<M>({ database, clock, usersAmong: directory.among })
  const trim = createTrim(database, retention)
  const onStored = (documents: MessageDocument[], deadline: Deadline) =>
    trim(documents, deadline).catch((error: unknown) => warn('trim', error))
  const shared = { ...needs, checkMetadata: needs.shapes.metadata, claims, onStored }
  const turns = createTurns<M>({
    ...shared,
    journal,
    settling,
    look,
    touchUser: directory.touch,
    onUnsettled: (error) => warn('settle', error),
  })
  const { tidied, ...storing } = createStoring<M>({ ...shared, clock, usersAmong: directory.among })
  const { retrieveHistory, iterateHistory } = history
  return {
    writes: { ...storing, ...turns.writes },
    tidied,
    reads: { ...turns.reads, retrieveHistory },
    iterables: { iterateHistory, followMessages: following.followMessages },
    endFollowing: following.close,
    transact: turns.transact,
    countAfter: history.countAfter,
    countFrom: history.countFrom,
    erased: createErasedMessages({ database, claims, journal, settling, removal }),
    upkeep: { name: 'settle', openingMs: OPENING_MS, run: settling.settleRest },
  }
}
