import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { invalidInput } from '../errors.ts'
import type { FeedDocument } from '../events/feed.ts'
import type { Access } from './access.ts'
import { toGoogleFailure } from './failure.ts'
import type { Feeds } from './feeds.ts'

/** A place where Google tells that a calendar has changed. */
export interface Channel {
  calendarId: string
  expiresAt: Date
}

/** What a notification is told by: Node's `req.headers`, or a `Headers`. */
export type NotificationHeaders = Headers | Record<string, string | string[] | undefined>

interface Needs {
  access: Access
  feeds: Feeds
}

/** Google gives a week at most, and may give less. */
const TTL_SECONDS = 7 * 86_400
/** Renewed when less is left: a new channel first, so that nothing goes unheard. */
const RENEW_MS = 12 * 60 * 60_000

/** Channels: https://developers.google.com/workspace/calendar/api/guides/push */
export function createWatching({ access, feeds }: Needs) {
  async function open(feed: FeedDocument, address: string): Promise<Channel> {
    const google = await access.ofFeed(feed)
    const id = randomUUID()
    const token = randomBytes(32).toString('base64url')
    const wanted = { id, token, type: 'web_hook', address, params: { ttl: String(TTL_SECONDS) } }
    const given = await google.watch(feed._id, wanted)
    const expiresAt = new Date(Number(given.expiration ?? Date.now() + 60 * 60_000))
    const channel = { id, token, resourceId: given.resourceId ?? '', address, expiresAt }
    await feeds.know(feed._id, feed.creatorId)
    await feeds.setChannel(feed._id, channel)
    /* The new one is known by now: the old one may as well expire. */
    if (feed.channel) await end(feed, feed.channel).catch(() => {})
    return { calendarId: feed._id, expiresAt }
  }

  /** One that has expired, or was stopped already, is gone anyway. */
  async function end(feed: FeedDocument, { id, resourceId }: NonNullable<FeedDocument['channel']>) {
    const google = await access.ofFeed(feed)
    await google.stopChannel({ id, resourceId }).catch((error: unknown) => {
      if (toGoogleFailure(error).meaning !== 'gone') throw error
    })
  }

  const isFresh = ({ expiresAt }: { expiresAt: Date }) => expiresAt.getTime() - Date.now() > RENEW_MS

  return {
    /** Goes on with a channel to the same address that is good for a while. */
    async watch(calendarId: string, address: string): Promise<Channel> {
      const feed = (await feeds.find(calendarId)) ?? { _id: calendarId }
      const { channel } = feed
      if (channel?.address === address && isFresh(channel))
        return { calendarId, expiresAt: channel.expiresAt }
      return open(feed, address)
    },
    async unwatch(calendarId: string): Promise<boolean> {
      const feed = await feeds.find(calendarId)
      if (!feed?.channel) return false
      await end(feed, feed.channel)
      await feeds.dropChannel(calendarId, feed.channel.id)
      return true
    },
    /** Those that are about to expire. */
    async renew(): Promise<void> {
      const due = (await feeds.all()).flatMap(({ channel, ...feed }) =>
        channel && !isFresh(channel) ? [{ ...feed, channel }] : [],
      )
      const renewed = await Promise.allSettled(due.map((feed) => open(feed, feed.channel.address)))
      for (const one of renewed) if (one.status === 'rejected') throw one.reason
    },
    /**
     * The calendar that a notification is about; undefined for the first one of a channel, which says only that it is
     * open.
     * @throws DialogueStoreError `INVALID_INPUT` when it is not from a channel of ours
     */
    async calendarOf(headers: NotificationHeaders): Promise<string | undefined> {
      const said = saidIn(headers)
      const feed = await feeds.ofChannel(said('x-goog-channel-id') ?? '')
      if (!feed?.channel || !isSame(said('x-goog-channel-token') ?? '', feed.channel.token)) throw unknown()
      return said('x-goog-resource-state') === 'sync' ? undefined : feed._id
    },
  }
}

/** By whatever case a server has them in. What is no text says nothing. */
function saidIn(headers: NotificationHeaders): (name: string) => string | undefined {
  const given: { get?: unknown } & Record<string, unknown> = Object(headers)
  const { get } = given
  if (typeof get === 'function') return (name) => asText(get.call(headers, name))
  const byName = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]))
  return (name) => asText([byName.get(name)].flat()[0])
}

const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const unknown = () =>
  invalidInput([
    { path: ['headers'], reason: 'are not of a channel of ours, or lack its token: answer with 404' },
  ])
