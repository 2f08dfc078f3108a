import type { StoreConfig } from './config.ts'
import { inspectServer } from './connect.ts'
import { createContexts } from './contexts/contexts.ts'
import type { Database } from './db/database.ts'
import { toStoreError } from './db/failure.ts'
import { createKeyedQueue } from './db/queue.ts'
import { createErasedEvents } from './events/erased.ts'
import { createEvents } from './events/events.ts'
import { createEventReading } from './events/retrieve.ts'
import { createExport } from './export.ts'
import { withInternals } from './internals.ts'
import { createLifetime } from './lifetime.ts'
import { type Observer, observed, observedIterables } from './log.ts'
import { createMessages } from './messages/model.ts'
import type { RetentionKeeper } from './messages/retention.ts'
import { ERASED_AT_ONCE } from './migrations/baseline.ts'
import { createSessions, type Sessions } from './sessions/sessions.ts'
import { type ShapeCheck, shapeChecks } from './shape.ts'
import { createStats } from './stats.ts'
import { createBinding } from './transactions/bind.ts'
import { createRunning } from './transactions/running.ts'
import { createTransactions } from './transactions/transactions.ts'
import { createUpkeep } from './upkeep.ts'
import { ALIVE, toUser, users as userModel } from './users/schema.ts'
import { createDirectory, createUsers, type UserDirectory } from './users/users.ts'

interface Parts {
  config: StoreConfig
  database: Database
  retention: RetentionKeeper
  release(): Promise<void>
}

/** What the parts of the package that run beside a store need of it. */
export interface Internals {
  database: Database
  directory: UserDirectory
  sessions: Sessions
  checkEventData: ShapeCheck | undefined
  observer: Observer
}

/** Puts the models together: what one needs of another is handed to it here. */
export async function assemble({ config, database, retention, release }: Parts) {
  const { logger: log, maxQueuedBytes } = config
  const shapes = shapeChecks(config.shapes)
  const running = createRunning()
  const queue = createKeyedQueue()
  const directory = createDirectory(database, queue)
  const messages = createMessages({
    database,
    retention,
    directory,
    users: { collection: database.internal(userModel.collection), alive: ALIVE },
    shapes,
    maxQueuedBytes,
    queue,
    warn: (op, error) => log.warn({ op, code: toStoreError(error).code }, op),
    onParked: (entry, code) => log.error({ op: 'settle', entry: entry.toHexString(), code }, 'entry parked'),
  })
  const models = { database, shapes, directory, queue, countAfter: messages.countAfter }
  const contexts = createContexts({ ...models, checkData: shapes.context })
  const events = createEvents({ ...models, checkData: shapes.eventData })
  const creators = { model: () => database.model(userModel), alive: ALIVE, show: toUser }
  const reading = createEventReading({ database, creators, requireUser: directory.require })
  const users = createUsers({
    ...models,
    checkData: shapes.userData,
    createContext: contexts.createEmpty,
    belongings: {
      eraseContext: contexts.erase,
      messages: messages.erased,
      events: createErasedEvents(database),
      rest: ERASED_AT_ONCE,
    },
  })
  const sessions = createSessions({ database, directory })
  const transactions = createTransactions({
    database,
    queue,
    running,
    transact: messages.transact,
    bind: createBinding({ ...models, creators, countFrom: messages.countFrom }),
    log,
  })
  const exporting = createExport({
    getUser: users.reads.getUser,
    retrieveContext: contexts.reads.retrieveContext,
    eventsOf: (creatorId, cursor) =>
      reading.retrieveEvents({ creatorId, cursor, status: ['confirmed', 'cancelled'] }),
    sessionsOf: sessions.of,
    iterateHistory: messages.iterables.iterateHistory,
  })
  const upkeep = createUpkeep({ database, log, jobs: [messages.upkeep, users.upkeep] })
  const { observer, close } = createLifetime(
    { log, refuse: running.refuse },
    {
      end: messages.endFollowing,
      release: async () => {
        await upkeep.stop()
        await messages.tidied()
        await users.releaseLocks()
        await release()
      },
    },
  )
  await upkeep.start()
  const info = { ping: () => ping(database), stats: createStats(database, retention) }
  const verbs = {
    ...observed(observer, 'info', 'user', {
      ...users.writes,
      ...messages.writes,
      ...contexts.writes,
      ...transactions,
    }),
    ...observed(observer, 'info', 'event', events),
    ...observed(observer, 'debug', 'user', {
      ...users.reads,
      ...users.locking,
      ...messages.reads,
      ...contexts.reads,
      ...info,
    }),
    ...observed(observer, 'debug', 'event', reading),
    ...observedIterables(observer, { ...users.iterables, ...messages.iterables, ...exporting }),
    close,
    [Symbol.asyncDispose]: close,
  }
  return withInternals(verbs, {
    database,
    directory,
    sessions,
    checkEventData: shapes.eventData,
    observer,
  } satisfies Internals)
}

async function ping(database: Database) {
  return { ok: true as const, ...(await inspectServer(database.db, database.deadline())) }
}
