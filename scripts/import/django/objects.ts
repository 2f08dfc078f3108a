import { z } from 'zod'

/** A primary key: a number, or a UUID. */
const key = z.union([z.int(), z.string()]).transform(String)
const reference = key.nullish()

/** What `dumpdata` writes of any model. */
export const djangoObject = z.looseObject({ model: z.string(), pk: key, fields: z.looseObject({}) })
export type DjangoObject = z.output<typeof djangoObject>

const optional = z.string().nullish()
/** The base of every model, by the names of its versions. */
const base = {
  created: optional,
  created_at: optional,
  modified: optional,
  modified_at: optional,
  active: z.boolean().nullish(),
}

export const userFields = z.looseObject({
  ...base,
  phone_number: z.string(),
  name: optional,
  email: optional,
  waiting_user_data: optional,
  waiting_event_data: optional,
  current_event_data: z.unknown().optional(),
  appointment_message_counter: z.number().nullish(),
})

export const messageFields = z.looseObject({
  ...base,
  user: reference,
  sender: z.string(),
  content: z.string(),
  is_voice: z.boolean().default(false),
  timestamp: optional,
  audio: reference,
})

export const audioFields = z.looseObject({
  message: reference,
  file: optional,
  duration: z.number().nullish(),
})

export const contextFields = z.looseObject({ ...base, user: reference, context: z.unknown().optional() })

export const eventFields = z.looseObject({
  ...base,
  user: reference,
  event_summary: z.string(),
  event_start: z.string(),
  event_end: optional,
  description: optional,
  location: optional,
  attendees: z.unknown().optional(),
  visibility: optional,
  reminders: z.unknown().optional(),
})

type Base = { [Field in keyof typeof base]?: z.output<(typeof base)[Field]> }

export const createdOf = ({ created, created_at }: Base): string | undefined =>
  created ?? created_at ?? undefined
export const modifiedOf = ({ modified, modified_at }: Base): string => modified ?? modified_at ?? ''

/** What is left of fields when those that the store has are taken out, without what says nothing. */
export const restOf = (fields: Record<string, unknown>, taken: string[]): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => !taken.includes(name) && value !== null && value !== '' && value !== undefined,
    ),
  )
