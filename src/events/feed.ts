import { z } from 'zod'
import type { ModelDefinition } from '../db/definition.ts'
import { date, id } from '../input.ts'

const channel = z.strictObject({
  id: z.string(),
  token: z.string(),
  resourceId: z.string(),
  address: z.string(),
  expiresAt: date,
})

/** What is known of a calendar at Google: how far its changes were taken over, and where it tells of new ones. */
export const feedDocument = z.strictObject({
  /** The calendar's id. */
  _id: z.string(),
  /** Whose access reads it, where each creator has their own. */
  creatorId: id.optional(),
  /** Google's, after the last page that was applied. Absent: everything is to be read. */
  syncToken: z.string().optional(),
  /** The calendar's own time zone. */
  timezone: z.string().optional(),
  channel: channel.optional(),
  /** Who reads it now, and until when: server's clock. */
  owner: id.optional(),
  until: date.optional(),
})
export type FeedDocument = z.output<typeof feedDocument>

export const feeds: ModelDefinition<typeof feedDocument> = {
  name: 'CalendarFeed',
  collection: 'calendar_feeds',
  document: feedDocument,
  indexes: [
    { keys: { creatorId: 1 } },
    {
      keys: { 'channel.id': 1 },
      options: { unique: true, partialFilterExpression: { 'channel.id': { $exists: true } } },
    },
  ],
}
