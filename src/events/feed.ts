import { z } from 'zod'
import type { ModelDefinition } from '../db/definition.ts'
import { date, id } from '../input.ts'

const opening = z.strictObject({ id: z.string(), token: z.string(), address: z.string(), until: date })
const channel = opening.omit({ until: true }).extend({ resourceId: z.string(), expiresAt: date })

/** What is known of a calendar at Google: how far its changes were taken over, and where it tells of new ones. */
const feedDocument = z.strictObject({
  /** The calendar's id. */
  _id: z.string(),
  /** Whose access reads it, where each creator has their own. */
  creatorId: id.optional(),
  /** Events are, or may be, published there: it is read from then on. */
  isUsed: z.boolean().optional(),
  /** Google's, after the last page that was applied. Absent: everything is to be read. */
  syncToken: z.string().optional(),
  /** The calendar's own time zone. */
  timezone: z.string().optional(),
  channel: channel.optional(),
  /** The next one, while Google is asked for it: others leave it alone until then, by the server's clock. */
  opening: opening.optional(),
  /** Who reads it now, and until when: server's clock. */
  owner: id.optional(),
  until: date.optional(),
})
export type FeedDocument = z.output<typeof feedDocument>

export const feeds: ModelDefinition<typeof feedDocument> = {
  name: 'CalendarFeed',
  collection: 'calendar_feeds',
  document: feedDocument,
  owner: 'creatorId',
  ownErasure: true,
  indexes: [
    { keys: { creatorId: 1 } },
    ...['channel.id', 'opening.id'].map((field) => ({
      keys: { [field]: 1 as const },
      options: { unique: true, partialFilterExpression: { [field]: { $exists: true } } },
    })),
  ],
}
