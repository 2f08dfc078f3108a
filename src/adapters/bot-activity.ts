import { z } from 'zod'
import { parse, text } from '../input.ts'
import type { JsonObject } from '../json.ts'
import type { Identity } from '../users/schema.ts'
import { frameworkJson } from './bot-json.ts'
import type { Conversation } from './bot-register.ts'

const LONGEST_NAME = 200
const plain = (max: number) =>
  text(max).refine((value) => [...value].every((char) => char >= ' '), 'has a control character')
export const channelId = plain(60).refine((value) => !value.includes('/'), "has a '/'")
export const conversationId = plain(LONGEST_NAME)
export const conversation = z
  .object({ channelId, id: conversationId })
  .refine(
    (value) => value.channelId.length + 1 + value.id.length <= LONGEST_NAME,
    `is longer than ${LONGEST_NAME} characters with its channel`,
  )

const account = z.looseObject({ id: z.string().optional(), role: z.string().optional() }).optional()
const loggedActivity = z.looseObject({
  channelId,
  conversation: z.looseObject({ id: conversationId }),
  type: z.string().optional(),
  id: text(400).nullish(),
  text: z.string().nullish(),
  timestamp: z
    .union([z.date(), z.string().transform((value) => new Date(value))])
    .refine((value) => !Number.isNaN(value.getTime()), 'is no time')
    .nullish(),
  from: account,
  recipient: account,
})
type LoggedActivity = z.output<typeof loggedActivity>

/** An activity as it is stored. */
export interface Entry {
  conversation: Conversation
  timestamp: Date
  content: string
  sender: 'user' | 'assistant'
  externalId: string | undefined
  metadata: JsonObject
  /** Whose it is, if nobody says otherwise. */
  identity: Identity
}

/**
 * @param activity of the framework's own class
 * @param logged what is kept
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function toEntry(activity: unknown, logged: object): Entry {
  const read = parse(loggedActivity, activity, ['activity'])
  const isTheirs = isOfPerson(read)
  const person = isTheirs ? read.from : read.recipient
  const place = { channelId: read.channelId, id: read.conversation.id }
  return {
    conversation: parse(conversation, place, ['activity', 'conversation']),
    timestamp: read.timestamp ?? new Date(),
    content: read.text ?? '',
    sender: isTheirs ? 'user' : 'assistant',
    externalId: externalIdOf(read),
    metadata: frameworkJson(logged, ['activity']),
    identity: { provider: read.channelId, id: person?.id ?? read.conversation.id },
  }
}

/** The bot's words are told by roles, which a channel gives, or the framework's logger. */
function isOfPerson({ from, recipient }: LoggedActivity): boolean {
  if (from?.role === 'bot' || from?.role === 'skill') return false
  return from?.role !== undefined || recipient?.role !== 'user'
}

/** An update and a deletion have the id of the activity that they are about. */
function externalIdOf({ id, type, timestamp }: LoggedActivity): string | undefined {
  if (!id) return undefined
  if (type !== 'messageUpdate' && type !== 'messageDelete') return id
  return timestamp ? `${type} ${timestamp.toISOString()} ${id}` : undefined
}

const WRITTEN_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const DATES = ['timestamp', 'localTimestamp', 'expiration'] as const

/** The activity as it was logged, with its dates. */
export function toLogged(metadata: object): object {
  const activity: Partial<Record<(typeof DATES)[number], unknown>> = { ...metadata }
  for (const field of DATES) {
    const value = activity[field]
    if (typeof value === 'string' && (field === 'timestamp' || WRITTEN_DATE.test(value)))
      activity[field] = new Date(value)
  }
  return activity
}
