import { patched } from '../events/patch.ts'
import {
  type CalendarConflict,
  type CalendarEvent,
  type EventDocument,
  type EventPatchInput,
  eventPatch,
  toEvent,
} from '../events/schema.ts'
import { parse } from '../input.ts'
import { callback } from '../log.ts'
import type { ShapeCheck } from '../shape.ts'
import { Undecided } from './failure.ts'
import { FIELDS, fromGoogle, type GoogleEvent } from './fields.ts'
import { type Decision, type Merged, merge, type Sides } from './merge.ts'
import type { Held, Outbox } from './outbox.ts'

/** Who decides where both sides changed an event. Default: the later change. */
export type OnConflict =
  | 'store'
  | 'google'
  | ((ours: CalendarEvent, theirs: CalendarEvent) => Answer | Promise<Answer>)
type Answer = 'store' | 'google' | EventPatchInput

interface Needs {
  outbox: Outbox
  onConflict: OnConflict | undefined
  checkData: ShapeCheck | undefined
  /** Called when both sides had changed. */
  onMerged(event: EventDocument, taken: NonNullable<Merged['taken']>): void
}

/** Takes over what Google has, by the rules for where both sides changed. */
export function createResolving({ outbox, onConflict, checkData, onMerged }: Needs) {
  async function decide(sides: Sides): Promise<Decision> {
    const { ours, theirs } = sides
    if (onConflict === 'store' || onConflict === 'google') return onConflict
    if (!onConflict) return isLater(ours, theirs) ? 'store' : 'google'
    const given = await callback(() => onConflict(toEvent(ours), toEvent(asOurs(sides))))
    if (given === 'store' || given === 'google') return given
    const patch = parse(eventPatch, given ?? {}, ['onConflict'])
    return (event) => (Object.keys(patch).length > 0 ? patched(event, patch, checkData) : {})
  }

  return {
    /**
     * @param zone the calendar's own time zone
     * @returns undefined if the event changed meanwhile: it has to be read again
     * @throws Undecided
     */
    async absorb(
      held: Held,
      theirs: GoogleEvent,
      zone: string,
    ): Promise<{ held: Held; conflict: boolean } | undefined> {
      const sides = { ours: held.event, theirs, zone }
      /* Nothing else in it can fail. */
      const merged = await merge(sides, decide).catch((error: unknown) => {
        throw new Undecided(error)
      })
      const { taken } = merged
      const written = await outbox.absorb(held, theirs, merged, taken && logOf(sides, taken))
      if (!written) return undefined
      if (taken) onMerged(written.event, taken)
      return { held: written, conflict: taken !== undefined }
    },
  }
}

export type Resolving = ReturnType<typeof createResolving>

/** By the clocks of both. Of what was deleted, Google need not say when. */
function isLater({ createdAt, calendarSync }: EventDocument, { updated }: GoogleEvent): boolean {
  const theirs = new Date(updated ?? Number.NaN)
  return !Number.isNaN(theirs.getTime()) && (calendarSync.editedAt ?? createdAt) > theirs
}

/** Theirs, as if we had it. */
const asOurs = ({ ours, theirs, zone }: Sides): EventDocument => ({
  ...ours,
  ...fromGoogle(theirs, ours, theirs.status === 'cancelled' ? ['status'] : FIELDS, zone),
})

function logOf(sides: Sides, taken: NonNullable<Merged['taken']>): CalendarConflict {
  const said = (event: EventDocument) => {
    const { creatorId: _, createdAt: __, calendarSync: ___, data: ____, ...version } = toEvent(event)
    return JSON.stringify(version)
  }
  return { at: new Date(), ours: said(sides.ours), theirs: said(asOurs(sides)), taken }
}
