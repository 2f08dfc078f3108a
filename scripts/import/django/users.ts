import type { z } from 'zod'
import { newUser } from '../../../src/users/schema.ts'
import { type Item, type Remark, remark } from '../item.ts'
import { type DjangoObject, restOf, userFields } from './objects.ts'

const { name: nameSchema, email: emailSchema } = newUser.shape
const TAKEN = [
  ...['phone_number', 'name', 'email', 'waiting_user_data', 'waiting_event_data', 'current_event_data'],
  'appointment_message_counter',
]

type UserItem = Extract<Item, { kind: 'users' }>

/** A user, and what of them the store has no field for. */
export function userOf({ pk, fields }: DjangoObject, place: string): [UserItem, ...Remark[]] | undefined {
  const parsed = userFields.safeParse(fields)
  const phone = parsed.data?.phone_number.trim()
  if (!parsed.success || !phone) return undefined
  const { name, email, waiting_user_data, waiting_event_data, current_event_data, ...others } = parsed.data
  const states = { registration: waiting_user_data || undefined, scheduling: waiting_event_data || undefined }
  const kept = { ...refused(nameSchema, { name }), ...refused(emailSchema, { email }) }
  const counter = others.appointment_message_counter
  const draft = draftOf(current_event_data)
  const data = {
    ...(draft !== undefined && { eventDraft: draft }),
    ...(counter && { appointmentMessageCounter: counter }),
    django: { pk, ...restOf(others, TAKEN), ...kept },
  }
  const defaults = {
    ...(name && !kept.name && { name }),
    ...(email && !kept.email && { email }),
    states,
    data,
  }
  const remarks = Object.keys(kept).map((field) =>
    remark('users', 'changed', `${field}: not one that the store takes; it is in data.django`, place),
  )
  return [
    { kind: 'users', owner: pk, identity: { provider: 'whatsapp', id: phone }, defaults, place },
    ...remarks,
  ]
}

/** Those fields that are given, and that the store would not take. */
function refused(
  schema: z.ZodType,
  field: Record<string, string | null | undefined>,
): Record<string, string> {
  const [[name, value] = []] = Object.entries(field)
  return name && value && !schema.safeParse(value).success ? { [name]: value } : {}
}

/** An event that is being talked about. Empty: there is none. */
function draftOf(value: unknown): unknown {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  return value === null || value === '' || isEmpty ? undefined : value
}
