import { ofCalendars } from './calendars.ts'
import { ofContexts } from './contexts.ts'
import { ofEvents } from './events.ts'
import { ofFrameworks } from './frameworks.ts'
import { ofMessages } from './messages.ts'
import type { Operation } from './operation.ts'
import { ofUsers } from './users.ts'
import { ofAll } from './whole.ts'

export type { Operation } from './operation.ts'

/** By the verb, and what of it an operation is about. */
export const OPERATIONS: Record<string, Operation> = {
  ...ofUsers,
  ...ofMessages,
  ...ofContexts,
  ...ofEvents,
  ...ofAll,
  ...ofFrameworks,
  ...ofCalendars,
}
