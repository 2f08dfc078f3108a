import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { deadlineIn } from '../db/attempt.ts'
import { timedOut } from '../db/failure.ts'
import { invalidInput } from '../errors.ts'
import type { FeedDocument } from '../events/feed.ts'
import { glance } from '../input.ts'
import type { Access } from './access.ts'
import { GoogleFailure, isGone } from './failure.ts'
import type { Feeds, Opening } from './feeds.ts'
import type { GoogleCalendar } from './port.ts'

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
/** Where Google does not say how long. */
const SHORTEST_MS = 60 * 60_000
/** Who opens one just now has done so by then. */
const PATIENCE_MS = 60_000
const POLL_MS = 100

type Known = NonNullable<FeedDocument['channel']>

/** Channels: https://developers.google.com/workspace/calendar/api/guides/push */
export function createWatching({ access, feeds }: Needs) {
  /**
   * @param renewed a channel that nobody may want any more
   * @returns undefined while somebody else opens one, or if the calendar was forgotten meanwhile, or that one ended
   */
  async function open({ _id: calendarId, creatorId }: FeedDocument, address: string, renewed?: Known) {
    const google = await access.ofFeed({ creatorId })
    const opening = { id: randomUUID(), token: randomBytes(32).toString('base64url'), address }
    const feed = await feeds.opening(calendarId, opening, renewed?.id)
    if (!feed) return undefined
    try {
      /* Somebody else has just done so. */
      if (isGood(feed.channel, address)) return shown(calendarId, feed.channel)
      const channel = await ask(google, calendarId, opening)
      const isKept = await feeds.opened(calendarId, channel)
      /* The new one is known by now: the old one may as well expire. */
      const spare = isKept ? feed.channel : channel
      if (spare) await end(feed, spare).catch(() => {})
      return isKept ? shown(calendarId, channel) : undefined
    } finally {
      await feeds.notOpened(calendarId, opening.id)
    }
  }

  async function ask(google: GoogleCalendar, calendarId: string, opening: Opening): Promise<Known> {
    const wanted = { ...opening, type: 'web_hook', params: { ttl: String(TTL_SECONDS) } }
    const { resourceId, expiration } = await google.watch(calendarId, wanted)
    const expiresAt = new Date(Number(expiration ?? Date.now() + SHORTEST_MS))
    return { ...opening, resourceId: resourceId ?? '', expiresAt }
  }

  /** One that nobody's access reaches is not written down. */
  async function know(calendarId: string): Promise<FeedDocument> {
    const google = await access.ofFeed({})
    if (!(await google.isReadable(calendarId))) throw new GoogleFailure(404, 'notFound')
    await feeds.know(calendarId, undefined)
    return { _id: calendarId }
  }

  /** One that has expired, or was stopped already, is gone anyway. */
  async function end(feed: FeedDocument, { id, resourceId }: Known) {
    const google = await access.ofFeed(feed)
    await google.stopChannel({ id, resourceId }).catch((error: unknown) => {
      if (!isGone(error)) throw error
    })
  }

  return {
    /** Goes on with a channel to the same address that is good for a while. */
    async watch(calendarId: string, address: string): Promise<Channel> {
      const patience = deadlineIn(PATIENCE_MS)
      while (true) {
        const feed = (await feeds.find(calendarId)) ?? (await know(calendarId))
        if (isGood(feed.channel, address)) return shown(calendarId, feed.channel)
        const opened = await open(feed, address)
        if (opened) return opened
        if (patience.remaining() === 0) throw timedOut('not-applied')
        await sleep(POLL_MS)
      }
    },
    async unwatch(calendarId: string): Promise<boolean> {
      /* Another one may have taken its place while Google was asked to end it. */
      for (let isEnded = false; ; isEnded = true) {
        const feed = await feeds.find(calendarId)
        if (!feed?.channel) return isEnded
        await end(feed, feed.channel)
        await feeds.dropChannel(calendarId, feed.channel.id)
      }
    },
    /** Those that are about to expire. */
    async renew(): Promise<void> {
      const due = (await feeds.all()).flatMap(({ channel, ...feed }) =>
        channel && !isFresh(channel) ? [open(feed, channel.address, channel)] : [],
      )
      for (const one of await Promise.allSettled(due)) if (one.status === 'rejected') throw one.reason
    },
    /**
     * The calendar that a notification is about; undefined for the first one of a channel, which says only that it is
     * open.
     * @throws DialogueStoreError `INVALID_INPUT` when it is not from a channel of ours
     */
    async calendarOf(headers: NotificationHeaders): Promise<string | undefined> {
      const { id = '', token = '', state } = saidIn(headers)
      const feed = await feeds.ofChannel(id)
      const ours = [feed?.channel, feed?.opening].find((channel) => channel?.id === id)
      if (!feed || !ours || !isSame(token, ours.token)) throw unknown()
      return state === 'sync' ? undefined : feed._id
    },
  }
}

const isFresh = ({ expiresAt }: Known): boolean => expiresAt.getTime() - Date.now() > RENEW_MS
const isGood = (channel: Known | undefined, address: string): channel is Known =>
  channel?.address === address && isFresh(channel)

const shown = (calendarId: string, { expiresAt }: Known): Channel => ({ calendarId, expiresAt })

interface Said {
  id?: string | undefined
  token?: string | undefined
  state?: string | undefined
}

/** What a notification says of itself. What cannot be read says nothing. */
const saidIn = (headers: NotificationHeaders): Said =>
  glance(() => {
    const textOf = readerOf(headers)
    return {
      id: textOf('x-goog-channel-id'),
      token: textOf('x-goog-channel-token'),
      state: textOf('x-goog-resource-state'),
    }
  }) ?? {}

/** By whatever case a server has them in. What is no text says nothing. */
function readerOf(headers: NotificationHeaders): (name: string) => string | undefined {
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
