import { BESIDE } from './beside.ts'
import { CONTEXTS } from './contexts.ts'
import { EVENTS, TOGETHER } from './events.ts'
import { MESSAGES } from './messages.ts'
import type { Template } from './template.ts'
import { USERS } from './users.ts'

/** By what they are about. */
export const TABLE: Readonly<Record<string, readonly Template[]>> = {
  users: USERS,
  messages: MESSAGES,
  contexts: CONTEXTS,
  events: EVENTS,
  together: TOGETHER,
  ...BESIDE,
}

export const TEMPLATES: readonly Template[] = Object.values(TABLE).flat()
