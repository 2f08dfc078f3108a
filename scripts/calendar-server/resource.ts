import type { calendar_v3 } from '@googleapis/calendar'
import { invalid } from './refusals.ts'

/** An event as a client sends it. */
export type EventBody = calendar_v3.Schema$Event
export type EventTime = calendar_v3.Schema$EventDateTime
/** An event as it is stored. */
export type EventResource = EventBody & {
  id: string
  etag: string
  status: string
  iCalUID: string
  sequence: number
  updated: string
  start: EventTime
  end: EventTime
}

export type Json = Record<string, unknown>

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'array'

const STRINGS =
  'id iCalUID summary description location colorId status visibility transparency eventType' as const
const BOOLEANS =
  'guestsCanModify guestsCanInviteOthers guestsCanSeeOtherGuests anyoneCanAddSelf attendeesOmitted privateCopy' as const
const OBJECTS = 'start end extendedProperties reminders source conferenceData' as const
const ARRAYS = 'recurrence attendees attachments' as const

const named = (kind: Kind, names: string) => names.split(' ').map((name): [string, Kind] => [name, kind])

/** What a client decides; the rest of a body is the server's, and is passed over like what is unknown. */
const WRITABLE = new Map<string, Kind>([
  ...named('string', STRINGS),
  ...named('boolean', BOOLEANS),
  ...named('object', OBJECTS),
  ...named('array', ARRAYS),
  ['sequence', 'number'],
])

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value)

/** @throws Refusal if it is no event */
export function readEvent(body: unknown): EventBody {
  if (!isRecord(body)) throw invalid('The request body must be a JSON object.')
  const fields: Json = {}
  for (const [name, kind] of WRITABLE) {
    const value = body[name]
    if (value === undefined) continue
    if (value !== null && kindOf(value) !== kind) throw invalid(`Invalid value for: ${name}`)
    fields[name] = value
  }
  for (const name of ['start', 'end']) checkStrings(fields[name], name)
  return fields as EventBody
}

function checkStrings(value: unknown, name: string): void {
  if (!isRecord(value)) return
  for (const [inner, text] of Object.entries(value)) {
    if (text !== null && typeof text !== 'string') throw invalid(`Invalid value for: ${name}.${inner}`)
  }
}

/** As PATCH does it: objects are merged, arrays and values replaced, and null removes. */
export function merged(resource: Json, patch: Json): Json {
  const result = { ...resource }
  for (const [name, value] of Object.entries(patch)) {
    const old = result[name]
    if (value === null) delete result[name]
    else result[name] = isRecord(value) ? merged(isRecord(old) ? old : {}, value) : value
  }
  return result
}
