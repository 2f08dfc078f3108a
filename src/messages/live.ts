import mongoose from 'mongoose'
import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { CLOCKS_DIFFER_MS } from '../db/moment.ts'
import { invalidInput } from '../errors.ts'
import type { Clock } from './clock.ts'
import type { MessageDocument } from './schema.ts'

const { Timestamp } = mongoose.mongo
type Timestamp = mongoose.mongo.Timestamp

/**
 * A place among everything that was ever stored, as text in the same order: a cluster time (16 hex digits), then
 * what a resume token says beyond it. A place without a token is behind all that has its time.
 */
export type Place = string

const TIME_DIGITS = 16
/** Behind every hex digit. */
const BEHIND = '~'

const digitsOf = (time: Timestamp): string => time.toString(16).padStart(TIME_DIGITS, '0')
export const placeAt = (time: Timestamp): Place => digitsOf(time) + BEHIND
export const placeWith = (time: Timestamp, token: string): Place => digitsOf(time) + token
export const timeOf = (place: Place): Timestamp => new Timestamp(BigInt(`0x${place.slice(0, TIME_DIGITS)}`))
const tokenOf = (place: Place): string => (place.endsWith(BEHIND) ? '' : place.slice(TIME_DIGITS))

/** From where somebody follows. */
export interface Origin {
  place: Place
  /** The page they come from, while it counts. */
  page: Page | undefined
}

/**
 * What is on a page, though it may have been stored after the place from which following goes on. The place is
 * known before the page is read, and the read sees everything up to it, so nothing is left out; it may see more,
 * so that would be repeated.
 */
export interface Page {
  /** Nothing stored later is on the page. */
  end: Place
  ids: ReadonlySet<string>
}

/* version (1 byte), the resume token's length (2), cluster time (8), resume token; with a page its end (8), ids (12 each) */
const VERSION = 1
const HEAD_BYTES = 11
const TIME_BYTES = 8
const ID_BYTES = 12

export function encodeOrigin({ place, page }: Origin): string {
  const token = Buffer.from(tokenOf(place), 'hex')
  const head = Buffer.allocUnsafe(3)
  head[0] = VERSION
  head.writeUInt16BE(token.length, 1)
  const parts = [head, Buffer.from(place.slice(0, TIME_DIGITS), 'hex'), token]
  if (page) parts.push(Buffer.from(page.end.slice(0, TIME_DIGITS) + [...page.ids].join(''), 'hex'))
  return Buffer.concat(parts).toString('base64url')
}

/** @throws DialogueStoreError `INVALID_INPUT` for anything that is not a page's `live` or an item's `resume` */
export function decodeOrigin(text: string): Origin {
  const bytes = Buffer.from(text, 'base64url')
  const tokenEnd = HEAD_BYTES + (bytes.length < HEAD_BYTES ? 0 : bytes.readUInt16BE(1))
  const idsBegin = tokenEnd + TIME_BYTES
  const whole =
    bytes.length === tokenEnd || (bytes.length > idsBegin && (bytes.length - idsBegin) % ID_BYTES === 0)
  if (bytes[0] !== VERSION || !whole || bytes.toString('base64url') !== text) throw notAPlace()
  const hex = (from: number, to?: number) => bytes.toString('hex', from, to)
  const place = hex(3, HEAD_BYTES) + (hex(HEAD_BYTES, tokenEnd).toUpperCase() || BEHIND)
  if (bytes.length === tokenEnd) return { place, page: undefined }
  const ids = new Set<string>()
  for (let i = idsBegin; i < bytes.length; i += ID_BYTES) ids.add(hex(i, i + ID_BYTES))
  return { place, page: { end: hex(tokenEnd, idsBegin) + BEHIND, ids } }
}

const notAPlace = () =>
  invalidInput([
    {
      path: ['options', 'after'],
      reason: "is neither a page's live nor an item's resume of this version of the library",
    },
  ])

/** Behind mongos: how much earlier than the cluster time everything is seen. */
const UNSEEN_MS = 5000

/** A page that has been read. */
interface Shown {
  /** Known before. */
  place: Place
  documents: MessageDocument[]
  /** What a transaction decided, maybe long ago, was stored in between. */
  again: boolean
}

/** A page as it was read. */
interface Reading {
  documents: MessageDocument[]
  older: unknown
  newer: unknown
}

/** Which page it is. */
interface Kind {
  /** The end of a whole history. */
  isNewest: boolean
  /** What comes before some place. */
  isBefore: boolean
}

/** Makes the pages' `live`. */
export function createLive({ timeoutMs }: Database, clock: Clock) {
  /* Pages of users who write a lot reach no further back than a moment: then it is no use to try. */
  let isWorthTrying = true

  /**
   * What has an earlier `timestamp` was stored before that point, unless it says that it is older than it is: it waits no
   * longer than its deadline to be sent. More time only makes the text longer.
   */
  const longBefore = (time: Timestamp): number => time.t * 1000 - CLOCKS_DIFFER_MS - timeoutMs

  /**
   * Whether the page shows all that was stored after a point, and before the page was read: following would give the
   * rest of it as if it were new. A page with newer ones beyond it does not go up to now, however it is read. (What
   * another process has stored in that moment, under a `timestamp` minutes older, is given.)
   */
  function reachesBack({ documents, older, newer }: Reading, isNewest: boolean, time: Timestamp): boolean {
    if (newer) return true
    const [oldest] = documents
    return isNewest && (!older || (oldest !== undefined && oldest.timestamp.getTime() < longBefore(time)))
  }

  async function before(deadline: Deadline): Promise<Timestamp> {
    const { majority, latest } = await clock.ask(deadline)
    return majority ?? minus(latest, UNSEEN_MS)
  }

  return {
    /**
     * Reads a page, and gives the place from which to go on, which has to be known before. Most pages go back far
     * enough for a point that was known lately; for the others, the server is asked first.
     */
    async around<P extends Reading>(
      { isNewest, isBefore }: Kind,
      deadline: Deadline,
      read: () => Promise<P>,
    ): Promise<P & { place: Place }> {
      const lately = isBefore || (isNewest && isWorthTrying) ? clock.lately() : undefined
      if (lately) {
        const page = await read()
        if (reachesBack(page, isNewest, lately)) return { ...page, place: placeAt(lately) }
      }
      const now = await before(deadline)
      const page = await read()
      if (isNewest) isWorthTrying = reachesBack(page, isNewest, now)
      return { ...page, place: placeAt(now) }
    },
    /** The `live` of a page that has been read. */
    async of({ place, documents, again }: Shown, deadline: Deadline): Promise<string> {
      const since = again ? Number.NEGATIVE_INFINITY : longBefore(timeOf(place))
      const ids = documents
        .filter(({ createdAt }) => createdAt.getTime() > since)
        .map(({ _id }) => _id.toHexString())
      if (ids.length === 0) return encodeOrigin({ place, page: undefined })
      const end = placeAt(clock.heard() ?? (await clock.ask(deadline)).latest)
      return encodeOrigin({ place, page: end > place ? { end, ids: new Set(ids) } : undefined })
    },
  }
}

export const minus = (time: Timestamp, ms: number): Timestamp =>
  new Timestamp({ t: Math.max(0, time.t - Math.ceil(ms / 1000)), i: 0 })

export type Live = ReturnType<typeof createLive>
