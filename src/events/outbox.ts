/*
 * Events that live in a calendar elsewhere, too. An event is its own outbox: whoever stores or changes it writes down,
 * in the same write, that it is to be published, whether or not anybody publishes. Of one that is deleted something has
 * to stay: see `farewell.ts`.
 */

/** Before every time: what failed and waits for its next attempt has a real one. */
export const AT_ONCE = new Date(0)

/** Its time has come, by the server's clock, which gave it. An index has only those that have one. */
export const isDue = (field: string) => ({
  [field]: { $exists: true },
  $expr: { $lte: [`$${field}`, '$$NOW'] },
})

/** Of one that is to be published: whether it never was. */
export const STATE_OF_DUE = {
  $cond: [{ $eq: [{ $type: '$calendarSync.etag' }, 'missing'] }, 'local', 'changed'],
}

/** What a change of an event does to its outbox, as expressions of an update. */
export const CHANGED = {
  'calendarSync.dueAt': AT_ONCE,
  'calendarSync.editedAt': '$$NOW',
  'calendarSync.state': STATE_OF_DUE,
  'calendarSync.attempts': '$$REMOVE',
  'calendarSync.lastError': '$$REMOVE',
}

/** It is at Google, or may be. */
export const PUBLISHED = { googleCalendarId: { $exists: true } }
