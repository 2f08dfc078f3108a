import type { EventDocument } from '../events/schema.ts'
import { nextId } from '../ids.ts'
import { GoogleFailure, isGone, noAccess } from './failure.ts'
import { FIELDS, type GoogleEvent, hashesOfOurs, hashesOfTheirs, toGoogle } from './fields.ts'
import type { Imports } from './imports.ts'
import type { Mark } from './mark.ts'
import { lackingAtGoogle } from './merge.ts'
import type { Held, Outbox } from './outbox.ts'
import type { Reached } from './port.ts'
import type { Removals } from './removals.ts'
import type { Resolving } from './resolve.ts'

/** How an event was published. */
export type Published = 'pushed' | 'updated' | 'removed' | 'nothing'

export interface Outcome {
  how: Published
  /** How often both sides had changed. */
  conflicts: number
  /** How the event was when Google refused, or did not answer, and what it said. */
  failed?: { held: Held; error: unknown }
  /** The event was deleted meanwhile, or somebody else brings it together by now. */
  isLost?: true
}

/** What has become of an event that is being published. */
type State = Pick<Outcome, 'how' | 'conflicts'> & { now: Held }

interface Needs {
  outbox: Outbox
  resolving: Resolving
  removals: Removals
  imports: Imports
  mark: Mark
}

/** Of one exchange: it is done, or something else is there, or it is to be tried otherwise. */
type Step =
  | { done: Published }
  | { theirs: GoogleEvent; said?: Published }
  | { otherwise: Held }
  /** It may still arrive at Google. */
  | { later: true }

/** Others may go on writing while an event is brought together; it is due again then. */
const MOST_ROUNDS = 8
const BUSY_MS = 1000
/** What was sent before an event was cancelled may arrive later: it is looked for so often. */
const MOST_LOOKS = 3
const LOOK_AGAIN_MS = 60_000

/** Nothing can be written down of it any more. */
class Lost extends Error {}

const kept = (held: Held | undefined): Held => {
  if (!held) throw new Lost()
  return held
}

/**
 * Brings one event to Google. Whatever becomes of a request, the next one finds out: an id of our own is taken (409), a
 * version is not the one that is changed (412), what is to be removed is gone (404, 410).
 */
export function createPublishing({ outbox, resolving, removals, imports, mark }: Needs) {
  /** Its id is chosen here, and written down before it is sent: who deletes the event knows where it may be. */
  async function create(held: Held, to: Reached): Promise<Step> {
    const { event } = held
    const { google, calendarId } = to
    const wasSent = event.calendarSync.sent !== undefined
    const id = event.googleCalendarId ?? (await freeId(event, calendarId))
    if (event.status === 'cancelled') return lookFor(event, to, id)
    const arrived = wasSent && event.googleCalendarId ? await ourOwn(await whatIsThere(to, id)) : undefined
    if (arrived) return { theirs: arrived }
    const addressed = event.googleCalendarId ? held : kept(await outbox.address(held, calendarId, id))
    const { owner } = kept(await outbox.sending(addressed, hashesOfOurs(event)))
    try {
      const reply = await google.insert(calendarId, { ...toGoogle(event), ...(await mark.of(id)), id })
      kept(await outbox.confirm({ event, owner }, reply))
      return { done: 'pushed' }
    } catch (error) {
      if (error instanceof GoogleFailure && error.status === 409) return lookUnder(addressed, to, id)
      throw error
    }
  }

  /** An id that is taken: if not by what was sent before, somebody else's event has it, or had it, and it needs another. */
  async function lookUnder(addressed: Held, to: Reached, id: string): Promise<Step> {
    const { event } = addressed
    const wasSent = event.calendarSync.sent !== undefined
    const found = await whatIsThere(to, id)
    /* There is nothing to be seen, as where ours has just arrived. */
    if (found.etag === undefined && wasSent && mayArrive(event)) return { later: true }
    const theirs = await ourOwn(found)
    if (theirs && (wasSent || theirs.status !== 'cancelled')) return { theirs }
    return { otherwise: kept(await outbox.address(addressed, to.calendarId, nextId().toHexString())) }
  }

  /** An event that was deleted here may have had the same. */
  async function freeId({ _id }: EventDocument, calendarId: string): Promise<string> {
    const own = _id.toHexString()
    return (await removals.find(calendarId, own)) ? nextId().toHexString() : own
  }

  /** What is cancelled may have been sent before, and nobody has heard of it. */
  async function lookFor(event: EventDocument, to: Reached, id: string): Promise<Step> {
    const theirs = await ourOwn(await whatIsThere(to, id))
    if (theirs) return { theirs }
    return mayArrive(event) ? { later: true } : { theirs: { id, status: 'cancelled' } }
  }

  /** Under an id of which no answer was heard may be somebody else's, or nothing. What was deleted may not say whose. */
  async function ourOwn(theirs: GoogleEvent): Promise<GoogleEvent | undefined> {
    if (theirs.etag === undefined) return undefined
    return theirs.status === 'cancelled' || (await mark.isOn(theirs)) ? theirs : undefined
  }

  async function change(held: Held, to: Reached, id: string): Promise<Step> {
    const { event } = held
    /* Without a version to name, a request that is late would overwrite what came after it. */
    if (!event.calendarSync.etag) return { theirs: await whatIsThere(to, id) }
    const { owner } = kept(await outbox.sending(held, hashesOfOurs(event)))
    try {
      const reply = event.status === 'cancelled' ? await remove(held, to, id) : await patch(held, to, id)
      if ('theirs' in reply) return reply
      if (saysMore(event, reply)) return { theirs: reply, said: 'updated' }
      kept(await outbox.confirm({ event, owner }, reply))
      return { done: event.status === 'cancelled' ? 'removed' : 'updated' }
    } catch (error) {
      const isChanged = error instanceof GoogleFailure && error.meaning === 'conflict'
      if (!isChanged && !isGone(error)) throw error
      return { theirs: await whatIsThere(to, id) }
    }
  }

  async function remove({ event }: Held, { google, calendarId }: Reached, id: string) {
    await google.remove(calendarId, id, event.calendarSync.etag)
    await imports.cancelInstances(event)
    return { id, status: 'cancelled' }
  }

  async function patch({ event }: Held, { google, calendarId }: Reached, id: string) {
    const { etag } = event.calendarSync
    const fields = lackingAtGoogle(event)
    const given = toGoogle(event, fields)
    if (!fields.includes('attendees')) return google.patch(calendarId, id, given, etag)
    /* A list replaces the whole list, and what guests have answered with it. */
    const theirs = await google.get(calendarId, id)
    if (theirs.etag !== etag) return { theirs }
    return google.patch(calendarId, id, withAnswers(given, theirs), etag)
  }

  /** One exchange. @returns whether that was it */
  async function exchange(state: State, to: Reached): Promise<boolean> {
    const { now } = state
    const { event } = now
    if (await restIfSaid(now)) return true
    const isThere = event.calendarSync.etag !== undefined
    const step = await (isThere ? change(now, to, event.googleCalendarId ?? '') : create(now, to))
    if ('done' in step) {
      state.how = step.done
      return true
    }
    if ('later' in step) {
      await outbox.fail(now, 'It may still arrive at Google.', LOOK_AGAIN_MS)
      return true
    }
    if ('otherwise' in step) state.now = step.otherwise
    else await takeOver(state, step, to)
    return false
  }

  async function takeOver(state: State, { theirs, said }: Extract<Step, { theirs: unknown }>, to: Reached) {
    const { now } = state
    const absorbed = await resolving.absorb(now, theirs, to.zone)
    if (absorbed?.conflict) state.conflicts++
    if (absorbed?.held.event.status === 'cancelled') await imports.cancelInstances(absorbed.held.event)
    state.how = said ?? state.how
    state.now = absorbed?.held ?? kept(await outbox.renew(now))
    /* It is not there any more, not even as deleted, and is to be: before it is absorbed nobody has decided that. */
    const isLost = now.event.calendarSync.etag !== undefined && theirs.etag === undefined
    if (absorbed && isLost && state.now.event.status === 'confirmed')
      state.now = kept(await outbox.startAnew(state.now, nextId().toHexString()))
  }

  async function publish(held: Held, to: Reached): Promise<Outcome> {
    const state: State = { now: held, conflicts: 0, how: 'nothing' }
    try {
      for (let round = 0; round < MOST_ROUNDS; round++) if (await exchange(state, to)) return state
      await outbox.fail(state.now, 'It goes on changing on both sides.', BUSY_MS)
      return state
    } catch (error) {
      if (error instanceof Lost) return { how: 'nothing', conflicts: 0, isLost: true }
      return { ...state, failed: { held: state.now, error } }
    }
  }

  async function restIfSaid(held: Held): Promise<boolean> {
    const { calendarSync, googleCalendarId, status } = held.event
    const neverWas = calendarSync.etag === undefined && googleCalendarId === undefined
    if (neverWas && status === 'cancelled') kept(await outbox.stayLocal(held))
    else if (calendarSync.etag !== undefined && lackingAtGoogle(held.event).length === 0)
      kept(await outbox.rest(held))
    else return false
    return true
  }

  return publish
}

/** Of what was sent, and is not there: as long as it is looked for. */
const mayArrive = ({ calendarSync }: EventDocument): boolean => (calendarSync.attempts ?? 0) < MOST_LOOKS

/** Whether Google had changed what was not sent: of an event that is restored, nobody has seen what it was. */
function saysMore(event: EventDocument, reply: GoogleEvent): boolean {
  if (reply.status === 'cancelled') return false
  const sent = lackingAtGoogle(event)
  const [theirs, before] = [hashesOfTheirs(reply), event.calendarSync.base?.theirs]
  return FIELDS.some((field) => !sent.includes(field) && theirs[field] !== before?.[field])
}

/**
 * What Google has by now; one that is not there was removed.
 * @throws GoogleFailure of access, if it is the calendar that is not there
 */
async function whatIsThere({ google, calendarId }: Omit<Reached, 'zone'>, id: string): Promise<GoogleEvent> {
  try {
    return await google.get(calendarId, id)
  } catch (error) {
    if (!isGone(error)) throw error
    if (!(await google.isReadable(calendarId))) throw noAccess()
    return { id, status: 'cancelled' }
  }
}

/** What guests have answered, and what else Google knows of them: of what we have of them, ours counts. */
function withAnswers(patch: GoogleEvent, { attendees = [] }: GoogleEvent): GoogleEvent {
  const known = new Map(
    attendees.map(({ displayName: _, comment: __, ...guest }) => [guest.email?.toLowerCase(), guest]),
  )
  const guests = patch.attendees?.map((guest) => ({ ...known.get(guest.email?.toLowerCase()), ...guest }))
  return { ...patch, ...(guests && { attendees: guests }) }
}
