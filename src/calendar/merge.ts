import type { EventDocument } from '../events/schema.ts'
import {
  FIELDS,
  type Field,
  fromGoogle,
  type GoogleEvent,
  type Hashes,
  hashesOfOurs,
  hashesOfTheirs,
} from './fields.ts'

/** Both sides of an event, as they are now. */
export interface Sides {
  ours: EventDocument
  theirs: GoogleEvent
  /** The calendar's own time zone. */
  zone: string
}

/** Whose fields are taken where both changed the same ones, or what else changes of the event that comes of it. */
export type Decision = 'store' | 'google' | ((merged: EventDocument) => Partial<EventDocument>)

export interface Merged {
  /** What of our event changes. */
  changes: Partial<EventDocument>
  base: { ours: Hashes; theirs: Hashes }
  /** Ours has what Google lacks. */
  isBehind: boolean
  /** Both sides had changed, and so it was decided. */
  taken: 'store' | 'google' | 'both' | 'callback' | undefined
}

/**
 * Brings both sides together, field by field: what only one of them changed since they were brought together last is
 * taken. Where both changed a field, or one cancelled what the other changed, somebody has to decide.
 */
export async function merge(sides: Sides, decide: (sides: Sides) => Promise<Decision>): Promise<Merged> {
  const { ours, theirs, zone } = sides
  const changed = changedOf(sides)
  const contested = contestedOf(sides, changed)
  const isConflict = changed.ours.length > 0 && changed.theirs.length > 0
  const decision = isConflict ? await decide(sides) : 'store'
  const isGoogles = decision === 'google'
  const uncontested = changed.theirs.filter((field) => !contested.has(field))
  const taken = new Set(isGoogles ? [...uncontested, ...contested] : uncontested)
  const theirChanges = fromGoogle(theirs, ours, [...taken].filter(isTold(theirs)), zone)
  const merged = { ...ours, ...theirChanges }
  const changes = { ...theirChanges, ...(typeof decision === 'function' && decision(merged)) }
  const now = hashesOfOurs({ ...ours, ...changes })
  const before = hashesOfOurs(ours)
  const isLacking = (field: Field): boolean => {
    const isOurs = changed.ours.includes(field) || contested.has(field) || now[field] !== before[field]
    return isOurs && !taken.has(field) && now[field] !== changed.projected[field]
  }
  const all = FIELDS.filter(isLacking)
  const isGone = merged.status === 'cancelled' && !all.includes('status')
  /* Of what is cancelled on both sides nothing more is to be said. */
  const lacking = isGone ? [] : all
  const oursThen = Object.fromEntries(
    FIELDS.map((field) => [field, lacking.includes(field) ? '' : now[field]]),
  )
  return {
    changes,
    base: { ours: oursThen, theirs: changed.theirHashes },
    isBehind: lacking.length > 0,
    taken: isConflict ? namesOf(decision, contested) : undefined,
  }
}

const namesOf = (decision: Decision, contested: Set<Field>): Merged['taken'] =>
  typeof decision === 'function' ? 'callback' : contested.size === 0 ? 'both' : decision

/** Of one that is cancelled, Google promises to tell nothing more than that. */
const isTold =
  ({ status }: GoogleEvent) =>
  (field: Field): boolean =>
    status !== 'cancelled' || field === 'status'

interface Changed {
  ours: Field[]
  theirs: Field[]
  theirHashes: Hashes
  /** Theirs, as if it were ours. */
  projected: Hashes
}

/** What each side has changed since both were brought together. Of what never was, all that differs. */
function changedOf({ ours, theirs, zone }: Sides): Changed {
  const told = FIELDS.filter(isTold(theirs))
  const { base, sent = {} } = ours.calendarSync
  const now = hashesOfOurs(ours)
  const theirHashes: Hashes = { ...base?.theirs, ...picked(hashesOfTheirs(theirs), told) }
  const projected = picked(hashesOfOurs({ ...ours, ...fromGoogle(theirs, ours, told, zone) }), told)
  const differs = (field: Field) => projected[field] !== now[field]
  const hasChanged = (field: Field) => !base || theirHashes[field] !== base.theirs[field]
  /* What we have sent, and heard no answer to. */
  const isOurOwn = (field: Field) => hasChanged(field) && (sent[field] ?? []).includes(projected[field] ?? '')
  const hasArrived = told.some(isOurOwn) || (!base && theirs.status !== 'cancelled')
  const lastSaid = (field: Field) => {
    const [only, ...more] = sent[field] ?? []
    return hasArrived && more.length === 0 && only !== undefined ? only : base?.ours[field]
  }
  const haveChanged = (field: Field) => isOurOwn(field) || now[field] !== lastSaid(field)
  return {
    ours: FIELDS.filter((field) => differs(field) && haveChanged(field)),
    theirs: told.filter((field) => hasChanged(field) && !isOurOwn(field) && differs(field)),
    theirHashes,
    projected,
  }
}

/** Fields that both have changed, and whether it is cancelled, where the other side has changed anything. */
function contestedOf({ ours, theirs }: Sides, changed: Changed): Set<Field> {
  const isCancelled =
    (theirs.status === 'cancelled' && changed.theirs.includes('status')) ||
    (ours.status === 'cancelled' && changed.ours.includes('status'))
  const both = changed.ours.filter((field) => changed.theirs.includes(field))
  const isStatus = isCancelled && changed.ours.length > 0 && changed.theirs.length > 0
  return new Set(isStatus ? [...both, 'status'] : both)
}

const picked = (hashes: Hashes, fields: Field[]): Hashes =>
  Object.fromEntries(fields.map((field) => [field, hashes[field]]))

/** What of ours Google lacks, as both were when they were brought together, or may have otherwise from a request since. */
export function lackingAtGoogle(ours: EventDocument): Field[] {
  const { base, sent = {} } = ours.calendarSync
  const now = hashesOfOurs(ours)
  if (ours.status === 'cancelled' && now.status === base?.ours.status) return []
  const isOtherwise = (field: Field) => (sent[field] ?? []).some((hash) => hash !== now[field])
  return FIELDS.filter((field) => now[field] !== base?.ours[field] || isOtherwise(field))
}
