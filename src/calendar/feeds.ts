import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { isFreeFor, renewLease, takeLease, untilIn } from '../db/lease.ts'
import { type FeedDocument, feeds } from '../events/feed.ts'
import { nextId, type ObjectId } from '../ids.ts'

const LEASE_MS = 60_000
/** Longer than a request takes. */
const OPENING_MS = 40_000
const OPENING = { owner: '$opening.id', until: '$opening.until' }

type Channel = NonNullable<FeedDocument['channel']>
export type Opening = Pick<Channel, 'id' | 'token' | 'address'>

/** What is known of calendars at Google. */
export function createFeeds(database: Database) {
  const collection = database.collection(feeds)

  const find = (_id: string): Promise<FeedDocument | null> =>
    attempt(database.deadline(), 'read', (terms) => collection.findOne({ _id }, terms))

  return {
    find,
    /** Remembers that a calendar is used, and by whose access. */
    async know(calendarId: string, creatorId: ObjectId | undefined): Promise<void> {
      await attempt(database.deadline(), 'write', (terms) =>
        collection.updateOne(
          { _id: calendarId },
          { $set: { isUsed: true }, ...(creatorId && { $setOnInsert: { creatorId } }) },
          { upsert: true, ...terms },
        ),
      )
    },
    all: (): Promise<FeedDocument[]> =>
      attempt(database.deadline(), 'read', (terms) => collection.find({}, terms).toArray()),
    async zoneOf(calendarId: string): Promise<string> {
      return (await find(calendarId))?.timezone ?? 'UTC'
    },
    /**
     * Before Google is asked for a channel, whose first word may be faster than its answer.
     * @param renewed the channel that it takes the place of, if only of that one
     * @returns what is known of the calendar; null while somebody else asks, or if it has another channel, or none
     */
    opening(
      calendarId: string,
      { id, token, address }: Opening,
      renewed?: string,
    ): Promise<FeedDocument | null> {
      const opening = {
        ...{ id: { $literal: id }, token: { $literal: token }, address: { $literal: address } },
        until: untilIn(OPENING_MS),
      }
      const known = { _id: calendarId, ...(renewed && { 'channel.id': renewed }) }
      const free = { ...known, $expr: isFreeFor(id, OPENING) }
      return attempt(database.deadline(), 'write', (terms) =>
        collection.findOneAndUpdate(free, [{ $set: { opening } }], { returnDocument: 'after', ...terms }),
      )
    },
    /** @returns false: the calendar was forgotten meanwhile, or it took too long */
    async opened(calendarId: string, channel: Channel): Promise<boolean> {
      const { id } = channel
      /* It is the channel already where only the reply was lost. */
      const ours = { _id: calendarId, $or: [{ 'opening.id': id }, { 'channel.id': id }] }
      const { matchedCount } = await attempt(database.deadline(), 'write', (terms) =>
        collection.updateOne(ours, { $set: { channel }, $unset: { opening: '' } }, terms),
      )
      return matchedCount > 0
    },
    async notOpened(calendarId: string, channelId: string): Promise<void> {
      await attempt(database.deadline(), 'write', (terms) =>
        collection.updateOne(
          { _id: calendarId, 'opening.id': channelId },
          { $unset: { opening: '' } },
          terms,
        ),
      )
    },
    async dropChannel(calendarId: string, channelId: string): Promise<void> {
      await attempt(database.deadline(), 'write', (terms) =>
        collection.updateOne(
          { _id: calendarId, 'channel.id': channelId },
          { $unset: { channel: '', opening: '' } },
          terms,
        ),
      )
    },
    /** One that is being opened may say something before it is known to be open. */
    ofChannel: (channelId: string): Promise<FeedDocument | null> =>
      attempt(database.deadline(), 'read', (terms) =>
        collection.findOne({ $or: [{ 'channel.id': channelId }, { 'opening.id': channelId }] }, terms),
      ),
    /**
     * The right to read a calendar. One that was read by its creator's access, and is known no more, stays unknown:
     * they were erased.
     * @returns undefined while somebody else has it, or if it is not to be known
     */
    async hold({ _id: calendarId, creatorId }: FeedDocument) {
      const owner = nextId()
      const isOurs = await attempt(database.deadline(), 'write', (terms) =>
        takeLease(collection, calendarId, owner, LEASE_MS, { ...terms, upsert: creatorId === undefined }),
      )
      if (!isOurs) return undefined
      const ours = { _id: calendarId, owner }
      return {
        /** False: somebody else may have it by now. */
        renew: (deadline = database.deadline()): Promise<boolean> =>
          attempt(deadline, 'write', (terms) => renewLease(collection, calendarId, owner, LEASE_MS, terms)),
        /** How far it was read. False: somebody else reads it by now. */
        async save(change: Pick<FeedDocument, 'syncToken' | 'timezone'>): Promise<boolean> {
          const { matchedCount } = await attempt(database.deadline(), 'write', (terms) =>
            collection.updateOne(ours, { $set: change }, terms),
          )
          return matchedCount > 0
        },
        async release(): Promise<void> {
          await attempt(database.deadline(), 'write', (terms) =>
            collection.updateOne(ours, { $unset: { owner: '', until: '' } }, terms),
          )
        },
        /** Nothing is known of it: it was not to be read. */
        async forget(): Promise<void> {
          const absent = { $exists: false }
          const bare = { ...ours, syncToken: absent, isUsed: absent, channel: absent }
          await attempt(database.deadline(), 'write', (terms) => collection.deleteOne(bare, terms))
        },
      }
    },
  }
}

export type Feeds = ReturnType<typeof createFeeds>
