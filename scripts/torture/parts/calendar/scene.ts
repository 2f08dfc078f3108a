import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCalendarSync } from '../../../../src/google-calendar.ts'
import { clientOf } from '../../../calendar-server/client.ts'
import { type CalendarServer, type Fate, startCalendarServer } from '../../../calendar-server/index.ts'
import { openDatabase } from '../../database.ts'
import type { Attempt } from '../../part.ts'

export const FAULTS = 'requests that Google refused, or whose reply was lost'
/** One request in so many. */
const ONE_IN = 15
const LONGEST_DELAY_MS = 100
const PLENTY = 1_000_000

/** A worker that is killed in a transaction holds up everybody who writes to that user, until the server ends it. */
const SERVER = { own: true, args: ['--setParameter', 'transactionLifetimeLimitSeconds=3'] }

export type Scene = Awaited<ReturnType<typeof makeScene>>

/** A store, what stands in for Google, and somebody who has events at both. */
export async function makeScene(attempt: Attempt) {
  const { defer } = attempt
  const { uri, dbName, db, open } = await openDatabase('calendar', attempt, SERVER)
  const store = await open()
  const server = await startCalendarServer({ quota: { perMinute: PLENTY } })
  defer(server.stop)
  const account = server.account('somebody@example.com')
  const { id: creatorId } = await store.createUser({ name: 'Somebody' })
  const folder = await mkdtemp(join(tmpdir(), 'dialogue-store-calendar-'))
  defer(() => rm(folder, { recursive: true, force: true }))
  const calendar = clientOf(server, account.token)
  const sync = createCalendarSync(store, {
    ...{ calendar, importAs: () => creatorId, requestsPerMinute: PLENTY },
  })
  return {
    ...{ store, db, server, creatorId, folder, sync, people: server.calendar(account.calendarId) },
    workerArgs: [uri, dbName, server.url, account.token, creatorId],
    /** Who waits for the next attempt, or for the lease of somebody who died, has waited long enough. */
    async hurry(): Promise<void> {
      const long = new Date(0)
      const due = { $set: { 'calendarSync.dueAt': long } }
      await db.collection('dialogue_events').updateMany({ 'calendarSync.attempts': { $gt: 0 } }, due)
      await db
        .collection('dialogue_calendar_removals')
        .updateMany({ attempts: { $gt: 0 } }, { $set: { dueAt: long } })
    },
    /** As if whoever holds an event had slept for longer than they may. @returns how many */
    async oversleep(): Promise<number> {
      const held = { 'calendarSync.until': { $exists: true } }
      const awake = { $unset: { 'calendarSync.until': 1 } }
      return (await db.collection('dialogue_events').updateMany(held, awake)).modifiedCount
    },
    /** Nobody works any more: what the dead have held is free, and what waits for them has waited long enough. */
    async free(): Promise<void> {
      await db
        .collection('dialogue_calendar_removals')
        .updateMany({ dueAt: { $exists: true } }, { $set: { dueAt: new Date(0) } })
      await db.collection('dialogue_events').updateMany({}, { $unset: { 'calendarSync.until': 1 } })
      for (const name of ['removals', 'feeds'])
        await db.collection(`dialogue_calendar_${name}`).updateMany({}, { $unset: { until: 1 } })
    },
  }
}

/** Google has a bad day. */
export function disturb({ random, tally }: Attempt, server: CalendarServer): void {
  server.judgeBy((): Fate => {
    if (random.below(ONE_IN) > 0) return { delayMs: random.below(3) }
    tally.tried(FAULTS)
    return random.pick<Fate>([
      ...(['is lost', 'loses its reply', 'loses its reply'] as const),
      { status: 503, reason: 'backendError' },
      { status: 429, reason: 'rateLimitExceeded', retryAfter: 1 },
      { status: 403, reason: 'userRateLimitExceeded' },
      { delayMs: random.below(LONGEST_DELAY_MS), fate: 'loses its reply' },
    ])
  })
}
