import { parseOptions, type Shapes, type StoreConfig, type StoreOptions } from './config.ts'
import { connect, inspectServer } from './connect.ts'
import { createContexts } from './contexts/contexts.ts'
import type { DialogueStore } from './contract.ts'
import { createDatabase, type Database } from './db/database.ts'
import { toStoreError } from './db/failure.ts'
import { createErasedEvents } from './events/erased.ts'
import { createEvents } from './events/events.ts'
import { createEventReading } from './events/retrieve.ts'
import { createExport } from './export.ts'
import { type Observer, observed, observedIterables } from './log.ts'
import { createClaims } from './messages/claims.ts'
import { createClock } from './messages/clock.ts'
import { createEdit } from './messages/edit.ts'
import { createFollowing } from './messages/follow/follow.ts'
import { createHistory } from './messages/history.ts'
import { createLive } from './messages/live.ts'
import { createStoring } from './messages/messages.ts'
import { createRetention, type RetentionKeeper } from './messages/retention.ts'
import { trimForLowerLimit } from './messages/trim.ts'
import { ensureMigrated } from './migrations/run.ts'
import { shapeCheck } from './shape.ts'
import { createStats } from './stats.ts'
import { ALIVE, toUser, users as userModel } from './users/schema.ts'
import { createDirectory, createUsers } from './users/users.ts'

/**
 * Opens a store: connects, runs pending migrations, applies retention.
 * @throws DialogueStoreError `INVALID_INPUT`, `UNAVAILABLE`, `TRANSACTIONS_UNSUPPORTED`, `SERVER_UNSUPPORTED`,
 *   `MIGRATION_PENDING`, `MIGRATION_MISMATCH`, `RETENTION_MISMATCH`
 */
export async function openStore<const S extends Shapes = Shapes>(
  options: StoreOptions<S>,
): Promise<DialogueStore<S>> {
  const config = parseOptions(options)
  const { connection, release } = await connect(config)
  try {
    const database = createDatabase(connection, config.prefix, config.timeoutMs)
    await ensureMigrated({ database, retention: config.retention }, config.migrate)
    const retention = createRetention(database)
    await trimForLowerLimit(database, retention, config.retention)
    await retention.apply(config.retention)
    return assemble(config, database, retention, release) as DialogueStore<S>
  } catch (error) {
    await release().catch(() => {})
    throw toStoreError(error)
  }
}

/** Puts the models together: what one needs of another is handed to it here. */
function assemble(
  config: StoreConfig,
  database: Database,
  retention: RetentionKeeper,
  release: () => Promise<void>,
) {
  const { shapes } = config
  const { observer, close } = createLifetime(config, {
    end: () => following.close(),
    release: async () => {
      await users.releaseLocks()
      await release()
    },
  })
  const directory = createDirectory(database)
  const claims = createClaims(database)
  const clock = createClock(database)
  const history = createHistory({
    database,
    users: { collection: database.internal(userModel.collection), alive: ALIVE },
    live: createLive(database, clock),
  })
  const following = createFollowing({ database, clock, usersAmong: directory.among })
  const contexts = createContexts({
    database,
    checkData: shapeCheck(shapes.context, ['data']),
    countAfter: (userId, after, filter) => history.countAfter(userId, after, filter, MOST_PENDING),
  })
  const shared = { database, retention, claims, usersAmong: directory.among }
  const storing = createStoring({
    ...shared,
    checkMetadata: shapeCheck(shapes.metadata, ['metadata']),
    maxQueuedBytes: config.maxQueuedBytes,
    onTrimFailure: (error) => observer.log.warn({ op: 'trim', code: toStoreError(error).code }, 'trim'),
  })
  const edit = createEdit({
    ...shared,
    checkMetadata: shapeCheck(shapes.metadata, ['patch', 'metadata']),
  })
  const events = createEvents({
    database,
    checkData: shapeCheck(shapes.eventData, ['data']),
    touchUser: directory.touch,
  })
  const eventReading = createEventReading({
    database,
    creators: { model: () => database.model(userModel), alive: ALIVE, show: toUser },
    requireUser: directory.require,
  })
  const erasedEvents = createErasedEvents(database)
  const users = createUsers({
    database,
    directory,
    checkData: shapeCheck(shapes.userData, ['data']),
    createContext: contexts.createEmpty,
    belongings: {
      eraseContext: contexts.erase,
      findMessages: edit.findOf,
      removeMessages: edit.removeOf,
      findEvents: erasedEvents.findOf,
      removeEvents: erasedEvents.removeOf,
      removeTraces: claims.erase,
    },
  })
  const exporting = createExport({
    getUser: users.reads.getUser,
    retrieveContext: contexts.reads.retrieveContext,
    eventsOf: (creatorId, cursor) =>
      eventReading.retrieveEvents({ creatorId, cursor, status: ['confirmed', 'cancelled'] }),
    iterateHistory: history.iterateHistory,
  })
  const { retrieveHistory, iterateHistory } = history
  const { followMessages } = following
  const { storeMessage, storeMessages } = storing
  const { getEvent, retrieveEvents } = eventReading
  const info = { ping: () => ping(database), stats: createStats(database, retention) }
  return {
    ...observed(observer, 'info', {
      ...users.writes,
      storeMessage,
      storeMessages,
      ...edit.verbs,
      ...contexts.verbs,
    }),
    ...observed(observer, 'info', events, 'eventId'),
    ...observed(observer, 'debug', {
      ...users.reads,
      ...users.locking,
      ...contexts.reads,
      ...edit.reads,
      ...info,
    }),
    ...observed(observer, 'debug', { retrieveHistory }),
    ...observed(observer, 'debug', { getEvent, retrieveEvents }, 'eventId'),
    ...observedIterables(observer, { ...users.iterables, iterateHistory, followMessages, ...exporting }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

const MOST_PENDING = 1000

async function ping(database: Database) {
  return { ok: true as const, ...(await inspectServer(database.db, database.deadline())) }
}

/** What there is to do at a store's end. */
interface Endings {
  /** Ends at once what would go on by itself. */
  end(): Promise<void>
  /** When every write is done. */
  release(): Promise<void>
}

/** From open to closed: after `close()` verbs are refused, those under way are waited for, then the connection goes. */
function createLifetime(config: StoreConfig, { end, release }: Endings) {
  const writes = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined
  const observer: Observer = {
    log: config.logger,
    closed: () => closing !== undefined,
    track(write) {
      writes.add(write)
      const forget = () => writes.delete(write)
      write.then(forget, forget)
    },
  }
  const finish = async () => {
    await Promise.allSettled([end(), ...writes])
    await release()
  }
  const close = (): Promise<void> => {
    closing ??= finish()
    return closing
  }
  return { observer, close }
}
