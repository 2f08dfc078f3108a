import { ofCalendars } from './calendars.ts'
import { ofContexts } from './contexts.ts'
import { ofEvents } from './events.ts'
import { ofConversations, ofSessions } from './frameworks.ts'
import { ofMessages } from './messages.ts'
import type { Operation } from './operation.ts'
import { ofUsers } from './users.ts'
import { ofAll } from './whole.ts'

export type { Operation } from './operation.ts'

/* Named by the verb, and what of it an operation is about. */

/** For which it matters how messages are kept. */
export const WITH_MESSAGES: Record<string, Operation> = { ...ofMessages, ...ofAll, ...ofConversations }

/** For which it does not. */
export const WITHOUT_MESSAGES: Record<string, Operation> = {
  ...ofUsers,
  ...ofContexts,
  ...ofEvents,
  ...ofSessions,
  ...ofCalendars,
}
