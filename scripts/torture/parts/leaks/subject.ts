import type { DialogueStore, NewEvent, NewMessage, NewUser } from '../../../../src/index.ts'
import { keyOf, textOf, wordOf } from './marks.ts'

/** Somebody, and what they have, with a mark in every field that holds text. */
export interface Subject {
  userId: string
  messageId: string
  eventId: string
  cursor: string
  live: string
}

let made = 0
/** Each is used once. */
const unique = (field: string): string => `${wordOf(field)}${++made}`

/** JSON with marks in values and keys. */
export const jsonOf = (field: string) => ({
  [keyOf(field)]: textOf(`${field}Value`),
  list: [textOf(`${field}Item`), { [keyOf(`${field}Deep`)]: [[textOf(`${field}Deepest`)]] }],
})

export const newUser = () =>
  ({
    identities: [{ provider: textOf('Provider'), id: unique('Identity') }],
    name: textOf('Name'),
    email: `${wordOf('Email')}@example.com`,
    locale: 'pt-x-c4n4ry',
    timezone: 'America/Sao_Paulo',
    states: { [keyOf('Flow')]: textOf('State') },
    data: jsonOf('UserData'),
  }) satisfies NewUser

export const newMessage = (userId: string) =>
  ({
    userId,
    sender: textOf('Sender'),
    content: textOf('Content'),
    type: 'voice',
    conversationId: textOf('Conversation'),
    externalId: unique('ExternalId'),
    audio: {
      uri: `https://example.com/${wordOf('Audio')}`,
      mimeType: `audio/${wordOf('Mime')}`,
      durationSeconds: 2,
    },
    metadata: jsonOf('Metadata'),
  }) satisfies NewMessage

export const newEvent = (creatorId: string) =>
  ({
    creatorId,
    summary: textOf('Summary'),
    start: new Date('2030-05-01T09:00Z'),
    end: new Date('2030-05-01T10:00Z'),
    timezone: 'America/Sao_Paulo',
    description: textOf('Description'),
    location: textOf('Location'),
    attendees: [
      {
        email: `${wordOf('Attendee')}@example.com`,
        displayName: textOf('DisplayName'),
        comment: textOf('Comment'),
      },
    ],
    visibility: 'private',
    reminders: [10],
    recurrence: [`RRULE:FREQ=DAILY;X-NOTE=${wordOf('Recurrence')}`],
    data: jsonOf('EventData'),
    externalId: unique('Request'),
  }) satisfies NewEvent

export async function makeSubject(store: DialogueStore): Promise<Subject> {
  const { id: userId } = await store.createUser(newUser())
  const { message } = await store.storeMessage(newMessage(userId))
  const { event } = await store.storeEvent(newEvent(userId))
  await store.storeContext(userId, jsonOf('Context'))
  const { live } = await store.retrieveHistory(userId)
  return { userId, messageId: message.id, eventId: event.id, cursor: message.cursor, live }
}
