import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, deadlineIn } from '../db/attempt.ts'
import { DialogueStoreError, type Outcome } from '../errors.ts'
import type { FeedDocument } from '../events/feed.ts'
import type { Observer } from '../log.ts'
import type { Access } from './access.ts'
import type { Applied } from './apply.ts'
import { GoogleFailure, isGone, isPartly, partly, Undecided } from './failure.ts'
import type { Feeds } from './feeds.ts'
import type { GoogleEvent } from './fields.ts'
import type { Source } from './imports.ts'
import type { Outbox } from './outbox.ts'
import type { Page, Reached } from './port.ts'

/** What became of what had changed at Google. */
export interface PullResult {
  /** Changes of events that are known. */
  applied: number
  /** Events of others that were taken in. */
  created: number
  cancelled: number
  /** Google did not know any more how far we were: everything was read again. */
  fullResync: boolean
}

interface Needs {
  feeds: Feeds
  outbox: Outbox
  access: Access
  apply(item: GoogleEvent, source: Source, isLast: boolean): Promise<Applied>
  log: Observer['log']
}

const NOTHING: PullResult = { applied: 0, created: 0, cancelled: 0, fullResync: false }
const PATIENCE_MS = 120_000
const POLL_MS = 200
/** The lease of a calendar is prolonged so often while it is read. */
const RENEW_MS = 10_000
const TOKEN_EXPIRED = 410

type Held = NonNullable<Awaited<ReturnType<Feeds['hold']>>>

/** One reading of a calendar. */
interface Reading extends Source {
  /** Absent: all of it is read. */
  token: string | undefined
  held: Held
  /** Before the first change is taken over. */
  begin(): void
}

/** What one reading has come to. */
interface Taken {
  result: PullResult
  /** Ids, where all is read. */
  seen: Set<string> | undefined
  /** Why events were left to a push. */
  undecided: unknown[]
}

/** Takes over what has changed in a calendar at Google. */
export function createPulling({ feeds, outbox, access, apply, log }: Needs) {
  /** One reads a calendar at a time: others wait for their turn. Undefined: its last user is erased. */
  async function inTurn<T>(feed: FeedDocument, work: (held: Held) => Promise<T>): Promise<T | undefined> {
    const deadline = deadlineIn(PATIENCE_MS)
    while (true) {
      const held = await feeds.hold(feed)
      if (held) return await work(held).finally(held.release)
      if (feed.creatorId && !(await feeds.find(feed._id))) return undefined
      if (deadline.remaining() === 0) throw overtaken('not-applied')
      await sleep(POLL_MS)
    }
  }

  /**
   * Applies everything that Google lists, and then keeps how far that was. What `onConflict` has not decided keeps nothing
   * else waiting, and is told at the end.
   */
  async function read(reading: Reading): Promise<PullResult> {
    const { google, calendarId, token, held } = reading
    const result: PullResult = { ...NOTHING }
    const seen = token === undefined ? new Set<string>() : undefined
    const undecided: unknown[] = []
    const take = createTaking(reading, { result, seen, undecided })
    const deferred: GoogleEvent[] = []
    let page: Page | undefined
    do {
      const pageToken = page?.nextPageToken
      page = await google.list(calendarId, {
        ...(token && { syncToken: token }),
        ...(pageToken && { pageToken }),
      })
      reading.zone = page.timezone
      for (const item of page.items) if (!(await take(item))) deferred.push(item)
    } while (page.nextPageToken)
    /* Of series that came later, or that nobody here knows. */
    for (const item of deferred) await take(item, true)
    if (seen) await takeAbsent(seen, reading, take)
    const { nextSyncToken: syncToken, timezone } = page
    if (!(await held.save({ ...(syncToken && { syncToken }), timezone }))) throw overtaken('unknown')
    for (const reason of undecided) throw reason
    return result
  }

  /** Takes one change after the other, as long as nobody else reads the calendar. */
  function createTaking(source: Reading, { result, seen, undecided }: Taken) {
    let renewed = performance.now()
    return async (item: GoogleEvent, isLast = false): Promise<boolean> => {
      source.begin()
      if (performance.now() - renewed > RENEW_MS) {
        await source.keep()
        renewed = performance.now()
      }
      if (item.id) seen?.add(item.id)
      const applied = await apply(item, source, isLast).catch((error: unknown) => {
        if (!(error instanceof Undecided)) throw error
        undecided.push(error.reason)
        return 'nothing' as const
      })
      if (applied === 'deferred') return false
      if (applied !== 'nothing') result[applied]++
      return true
    }
  }

  /** What we know of, and a full list does not name, was removed while nobody listened. */
  async function takeAbsent(
    seen: Set<string>,
    { google, calendarId }: Reached,
    take: (item: GoogleEvent) => Promise<boolean>,
  ) {
    for await (const { googleCalendarId: id } of outbox.thoseAt(calendarId)) {
      if (id === undefined || seen.has(id)) continue
      const theirs = await google.get(calendarId, id).catch((error: unknown) => {
        if (isGone(error)) return { id, status: 'cancelled' }
        throw error
      })
      await take(theirs)
    }
  }

  async function pullFeed(feed: FeedDocument): Promise<PullResult> {
    let isBegun = false
    const begin = () => {
      isBegun = true
    }
    try {
      return await readOn(feed, begin)
    } catch (error) {
      throw isBegun ? partly(error) : error
    }
  }

  async function readOn(feed: FeedDocument, begin: () => void): Promise<PullResult> {
    /* First: of a calendar that nobody's access reaches, nothing is written down. */
    const google = await access.ofFeed(feed)
    const result = await inTurn(feed, async (held) => {
      const now = await feeds.find(feed._id)
      if (!now) return undefined
      const keep = async (inside?: Deadline) => {
        if (!(await held.renew(inside))) throw overtaken('unknown')
      }
      const reading = { google, calendarId: feed._id, zone: now.timezone ?? 'UTC', keep, held, begin }
      const token = now.syncToken
      try {
        return await read({ ...reading, token })
      } catch (error) {
        if (!(token && error instanceof GoogleFailure && error.status === TOKEN_EXPIRED)) {
          await held.forget()
          throw error
        }
        return { ...(await read({ ...reading, token: undefined })), fullResync: true }
      }
    })
    return result ?? { ...NOTHING }
  }

  /** Where each creator has their own, `primary` stands for each that is known. */
  async function feedsOf(calendarId: string | undefined): Promise<FeedDocument[]> {
    if (calendarId === undefined || (!access.isShared && calendarId === 'primary')) return feeds.all()
    return [(await feeds.find(calendarId)) ?? { _id: calendarId }]
  }

  /** Who waits for a calendar that is being read shares the next reading of it. */
  const next = new Map<string, Promise<PullResult>>()
  const reading = new Map<string, Promise<unknown>>()
  function shared(feed: FeedDocument): Promise<PullResult> {
    const waiting = next.get(feed._id)
    if (waiting) return waiting
    const before = reading.get(feed._id) ?? Promise.resolve()
    const turn = before.then(() => {
      next.delete(feed._id)
      return pullFeed(feed)
    })
    next.set(feed._id, turn)
    const ended = turn.then(
      () => {},
      () => {},
    )
    reading.set(feed._id, ended)
    void ended.then(() => {
      if (reading.get(feed._id) === ended) reading.delete(feed._id)
    })
    return turn
  }

  /**
   * @param calendarId default: every calendar that is known
   * @throws what one of them failed with, after all others were read
   */
  return async function pull(calendarId?: string): Promise<PullResult> {
    const sum: PullResult = { ...NOTHING }
    const failures: unknown[] = []
    const known = await feedsOf(calendarId)
    for (const feed of known) {
      try {
        add(sum, await shared(feed))
      } catch (error) {
        failures.push(error)
        if (error instanceof GoogleFailure)
          log.warn({ op: 'calendar.pull', status: error.status, reason: error.reason }, 'calendar.pull')
      }
    }
    if (failures.length === 0) return sum
    throw failures.length < known.length || failures.some(isPartly) ? partly(failures[0]) : failures[0]
  }
}

function add(sum: PullResult, { applied, created, cancelled, fullResync }: PullResult): void {
  sum.applied += applied
  sum.created += created
  sum.cancelled += cancelled
  sum.fullResync ||= fullResync
}

const overtaken = (outcome: Outcome) =>
  new DialogueStoreError('TIMEOUT', 'Another process reads this calendar. Repeat the call when it is done.', {
    outcome,
  })
