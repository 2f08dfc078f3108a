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
}

export const TEMPLATES: readonly Template[] = Object.values(TABLE).flat()

/** Takes nothing, and ends the store. */
const WITHOUT_TEMPLATE = ['close']

/** Verbs that nobody tries. */
export function missingFrom(templates: readonly Template[], verbs: readonly string[]): string[] {
  const tried = new Set([...templates.map(({ verb }) => verb), ...WITHOUT_TEMPLATE])
  return verbs.filter((verb) => !tried.has(verb))
}
