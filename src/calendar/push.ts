import { DialogueStoreError } from '../errors.ts'
import type { RemovalDocument } from '../events/farewell.ts'
import type { EventDocument } from '../events/schema.ts'
import { isThrown, type Observer } from '../log.ts'
import type { Access } from './access.ts'
import { waitAfter } from './backoff.ts'
import { callbackFailed, GoogleFailure, isGone, noAccess, partly, Undecided } from './failure.ts'
import type { Mark } from './mark.ts'
import type { Held, Outbox } from './outbox.ts'
import type { GoogleCalendar, Reached } from './port.ts'
import type { Outcome } from './publish.ts'
import type { HeldRemoval, Removals } from './removals.ts'

/** What became of what was due. */
export interface PushResult {
  pushed: number
  updated: number
  removed: number
  /** Both sides had changed. */
  conflicts: number
  /** Refused for good, until `retry`, or another change. */
  failed: number
}

interface Needs {
  outbox: Outbox
  removals: Removals
  access: Access
  publish(held: Held, to: Reached): Promise<Outcome>
  mark: Mark
  since(): Promise<Date>
  log: Observer['log']
}

interface Run {
  result: PushResult
  /** Something of it may be done. */
  isBegun: boolean
}

type Place = Pick<RemovalDocument, 'calendarId' | 'googleCalendarId' | 'isSeen'>

/** Events under way at once. */
const LANES = 4

/** Empties the outbox: everything that is due, by whoever has time. */
export function createPushing({ outbox, removals, access, publish, mark, since, log }: Needs) {
  async function pushEvent(held: Held, result: PushResult): Promise<void> {
    const { event } = held
    try {
      if (isOver(event, await since())) return void (await outbox.stayLocal(held))
      const to = await access.ofEvent(event)
      const { how, conflicts, failed, isLost } = await publish(held, to)
      result.conflicts += conflicts
      if (how !== 'nothing') result[how]++
      if (isLost || (failed && !(await putOff(failed.held, failed.error, result)))) await takeBack(event, to)
    } catch (error) {
      await putOff(held, error, result)
    }
  }

  /**
   * @returns false if the event was deleted meanwhile, or somebody else brings it together by now
   * @throws what is no failure of this one event
   */
  async function putOff(held: Held, error: unknown, result: PushResult): Promise<boolean> {
    const failure = failureIn(error)
    const { _id, calendarSync } = held.event
    const { attempts = 0 } = calendarSync
    const wait = patienceFor(failure, attempts)
    if (wait === undefined) result.failed++
    tell('push', failure, { eventId: _id.toHexString(), attempts })
    return (await outbox.fail(held, failure.message, wait)) !== undefined
  }

  /**
   * Of an event that was deleted while it was published, what was sent is at Google by now, if ever. It may have come
   * after its removal, and of an erased user nobody else has the access any more.
   */
  async function takeBack({ _id }: EventDocument, { google, calendarId }: Reached): Promise<void> {
    for (const { googleCalendarId } of await removals.hasten(calendarId, _id)) {
      try {
        await remove(google, { calendarId, googleCalendarId, isSeen: false })
      } catch (error) {
        tell('remove', failureIn(error), { eventId: _id.toHexString() })
        await removals.again(calendarId, googleCalendarId)
      }
    }
  }

  async function pushRemoval(held: HeldRemoval, result: PushResult): Promise<void> {
    const { eventId, creatorId, attempts = 0 } = held.removal
    try {
      const wasThere =
        held.removal.doneAt !== undefined || (await remove(await access.ofCreator(creatorId), held.removal))
      if (await removals.done(held, wasThere)) result.removed++
    } catch (error) {
      const failure = failureIn(error)
      const wait = patienceFor(failure, attempts)
      if (wait === undefined) result.failed++
      await removals.fail(held, failure.message, wait)
      tell('remove', failure, { eventId: eventId.toHexString(), attempts })
    }
  }

  /** @returns whether it was there until now */
  async function remove(
    google: GoogleCalendar,
    { calendarId = '', googleCalendarId: id, isSeen }: Place,
  ): Promise<boolean> {
    try {
      /* Under an id of which no answer was heard may be somebody else's. */
      if (!isSeen && !(await mark.isOn(await google.get(calendarId, id)))) return true
      await google.remove(calendarId, id)
      return true
    } catch (error) {
      if (!isGone(error)) throw error
      if (error.status === 404 && !(await google.isReadable(calendarId))) throw noAccess()
      return error.status === 410
    }
  }

  function tell(op: string, { status, reason, meaning }: GoogleFailure, about: object): void {
    log.warn({ op: `calendar.${op}`, ...about, status, reason, meaning }, `calendar.${op}`)
  }

  /** The next of both, if any. */
  async function step(run: Run): Promise<boolean> {
    const removal = await removals.claim()
    run.isBegun ||= removal !== undefined
    if (removal) await pushRemoval(removal, run.result)
    const held = await outbox.claim()
    run.isBegun ||= held !== undefined
    if (held) await pushEvent(held, run.result)
    return removal !== undefined || held !== undefined
  }

  /** @param stops the sync does: what is left is somebody else's, or for later */
  return async function push(stops = () => false): Promise<PushResult> {
    const result = { pushed: 0, updated: 0, removed: 0, conflicts: 0, failed: 0 }
    const run: Run = { result, isBegun: false }
    const lane = async () => {
      while (!stops() && (await step(run)));
    }
    const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane))
    for (const { reason } of lanes.filter((one) => one.status === 'rejected'))
      throw run.isBegun ? partly(reason) : reason
    return result
  }
}

/** Over for too long to be published now. Of a series, nobody knows without going through it. */
const isOver = ({ end, recurrence, googleCalendarId }: EventDocument, since: Date): boolean =>
  googleCalendarId === undefined && recurrence.length === 0 && end < since

/** How long to wait before the next attempt; undefined: there is none. */
const patienceFor = (failure: GoogleFailure, attempts: number): number | undefined =>
  failure.meaning === 'again' || failure.meaning === 'access' ? waitAfter(failure, attempts) : undefined

/**
 * Only what has to do with this one event is its failure: what Google said, and what the caller's own functions threw or
 * gave, which may be better the next time.
 * @throws what has to do with our database
 */
function failureIn(error: unknown): GoogleFailure {
  if (error instanceof GoogleFailure) return error
  if (isThrown(error) || error instanceof Undecided) return callbackFailed()
  if (error instanceof DialogueStoreError && OF_CALLBACKS.has(error.code)) return noAccess()
  throw error
}

/** Of what a function gave, or of whose access is not known. */
const OF_CALLBACKS: ReadonlySet<string> = new Set(['INVALID_INPUT', 'CALENDAR_REFUSED'])
