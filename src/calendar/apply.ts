import { exceptionOf } from '../events/exceptions.ts'
import type { EventDocument } from '../events/schema.ts'
import { type ObjectId, toObjectId } from '../ids.ts'
import { callback } from '../log.ts'
import { waitAfter } from './backoff.ts'
import { callbackFailed, isGone, Undecided } from './failure.ts'
import type { GoogleEvent } from './fields.ts'
import type { Imports, Source } from './imports.ts'
import type { Mark } from './mark.ts'
import { type Held, LEASE_MS, type Outbox } from './outbox.ts'
import type { Reached } from './port.ts'
import type { Removals } from './removals.ts'
import type { Resolving } from './resolve.ts'

/** What became of one change of Google's. `deferred`: it is of a series that is not known yet. */
export type Applied = 'applied' | 'created' | 'cancelled' | 'nothing' | 'deferred'

interface Needs {
  outbox: Outbox
  resolving: Resolving
  removals: Removals
  imports: Imports
  mark: Mark
  importAs: ((theirs: GoogleEvent) => string | null | Promise<string | null>) | undefined
}

/** Who publishes an event just now has done so by then. */
const PATIENCE_MS = 2 * LEASE_MS

/** Takes one change of Google's over, whatever is known of its event. */
export function createApplying({ outbox, resolving, removals, imports, mark, importAs }: Needs) {
  const find = ({ calendarId }: Reached, id: string) =>
    outbox.find({ 'calendarSync.calendarId': calendarId, googleCalendarId: id })

  /**
   * @param isLast no series will become known any more
   * @throws Undecided when the event waits for a push
   */
  async function apply(item: GoogleEvent, source: Source, isLast: boolean): Promise<Applied> {
    const known = item.id ? await find(source, item.id) : null
    if (known) return applyTo(known, item, source)
    if (await mark.isOn(item)) {
      /* What a late request has brought there nobody else would remove. */
      if (item.status !== 'cancelled') await removals.again(source.calendarId, item.id ?? '')
      return 'nothing'
    }
    const { recurringEventId: seriesId } = item
    const series = seriesId ? await find(source, seriesId) : null
    if (series) return applyInstance(item, series, source)
    return seriesId && !isLast ? 'deferred' : applyForeign(item, source)
  }

  /** Somebody may be invited to one instance of a series that they do not have. */
  async function applyForeign(item: GoogleEvent, source: Source): Promise<Applied> {
    if (!importAs || item.status === 'cancelled') return 'nothing'
    const ids = [item.id, item.recurringEventId]
    if (await removals.isDeleted(source.calendarId, ids, item.updated)) return 'nothing'
    const creatorId = toObjectId(await callback(() => importAs(item)))
    return creatorId ? create(item, creatorId, source) : 'nothing'
  }

  async function create(
    item: GoogleEvent,
    creatorId: ObjectId,
    source: Source,
    instanceOf?: string,
  ): Promise<Applied> {
    const created = await imports.create(item, { ...source, creatorId, ...(instanceOf && { instanceOf }) })
    if (created !== 'taken') return created ? 'created' : 'nothing'
    /* Somebody else was faster. */
    const known = await find(source, item.id ?? '')
    return known ? applyTo(known, item, source) : 'nothing'
  }

  async function applyTo(event: EventDocument, item: GoogleEvent, source: Source): Promise<Applied> {
    const { etag } = event.calendarSync
    /* Under the id that ours was to have: its insert will be told. */
    if (etag === undefined && item.status !== 'cancelled' && !(await mark.isOn(item))) return 'nothing'
    if (etag === item.etag) {
      /* The reading that knew of it first may have ended there. */
      if (event.status === 'cancelled') await imports.cancelInstances(event)
      return 'nothing'
    }
    const held = await outbox.hold(event._id, PATIENCE_MS)
    if (!held) return 'nothing'
    const before = held.event.status
    const merged = await mergeInto(held, item, source)
      .catch((error: unknown) => putOff(held, error))
      .finally(() => outbox.release(held))
    /* Deleted, or at Google under another id; or somebody else had it meanwhile, and may not have known of this. */
    if (!merged) return (await find(source, item.id ?? '')) ? apply(item, source, true) : 'nothing'
    const isCancelled = merged.event.status === 'cancelled'
    if (isCancelled) await imports.cancelInstances(merged.event)
    if (isCancelled && before !== 'cancelled') return 'cancelled'
    return merged.event.version > held.event.version ? 'applied' : 'nothing'
  }

  /** What nobody has decided is due, so that a push looks at both sides again. */
  async function putOff(held: Held, error: unknown): Promise<never> {
    if (error instanceof Undecided) {
      const failure = callbackFailed()
      await outbox.fail(held, failure.message, waitAfter(failure, held.event.calendarSync.attempts ?? 0))
    }
    throw error
  }

  /** Others may write to the event meanwhile; undefined if it is deleted, or the change is not of it any more. */
  async function mergeInto(first: Held, item: GoogleEvent, source: Reached): Promise<Held | undefined> {
    for (let held: Held | undefined = first; held; held = await outbox.renew(held)) {
      /* It was waited for, and may have been published anew. */
      if (held.event.googleCalendarId !== item.id) return undefined
      const theirs = await newest(held.event, item, source)
      if (!theirs || theirs.etag === held.event.calendarSync.etag) return held
      const absorbed = await resolving.absorb(held, theirs, source.zone)
      if (absorbed) return absorbed.held
    }
    return undefined
  }

  /** A page may have been read before what we have sent since. Undefined: it was, and says nothing new. */
  async function newest(
    { calendarSync }: EventDocument,
    item: GoogleEvent,
    { google, calendarId }: Reached,
  ): Promise<GoogleEvent | undefined> {
    const [known, said] = [calendarSync.changedAt, item.updated && new Date(item.updated)]
    if (known && said && said > known) return item
    if (known && said && said < known) return undefined
    /* Of what was deleted, a list says nothing else: nor when. */
    const id = item.id ?? ''
    return google.get(calendarId, id).catch((error: unknown) => {
      if (!isGone(error)) throw error
      /* One that nobody has seen there may be on its way. */
      return calendarSync.etag === undefined ? undefined : { id, status: 'cancelled' }
    })
  }

  /** An instance that was moved or cancelled: an exception of its series, and an event of its own if it still is. */
  async function applyInstance(item: GoogleEvent, series: EventDocument, source: Source): Promise<Applied> {
    const original = exceptionOf(item.originalStartTime ?? undefined)
    if (original === undefined || series.status === 'cancelled') return 'nothing'
    if (await removals.isDeleted(source.calendarId, [item.id], item.updated)) return 'nothing'
    const isNew = await imports.except(series._id, original)
    if (item.status === 'cancelled') return isNew ? 'applied' : 'nothing'
    return create(item, series.creatorId, source, series.googleCalendarId)
  }

  return apply
}
