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

/** Take nothing, and end the store or a sync; or go on until the end. */
const WITHOUT_TEMPLATE = ['close', 'calendar.stop', 'calendar.start']

/** Verbs that nobody tries. */
export function missingFrom(templates: readonly Template[], verbs: readonly string[]): string[] {
  const tried = new Set([...templates.map(({ verb }) => verb), ...WITHOUT_TEMPLATE])
  return verbs.filter((verb) => !tried.has(verb))
}
