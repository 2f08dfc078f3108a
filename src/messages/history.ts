import { decodeCursor, encodeCursor, type Position, placeAfter, placeBefore } from '../cursor.ts'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { isTooLarge } from '../db/failure.ts'
import type { ObjectId } from '../ids.ts'
import { id, parse } from '../input.ts'
import type { JsonObject } from '../json.ts'
import { createCount, MOST_KEYS } from './count.ts'
import { beyondPipeline, type Cut, isNewest, otherSide, pagePipeline, toCut, until } from './cut.ts'
import type { Live } from './live.ts'
import type { Found, Look } from './look.ts'
import type { Newest } from './newest.ts'
import { indexOf, intervalOf, NEWEST_FIRST, OLDEST_FIRST, range, sieve } from './query.ts'
import {
  historyOptions,
  iterateOptions,
  type Message,
  type MessageDocument,
  type MessageFilter,
  messages,
  toMessage,
} from './schema.ts'

/** One page of a history, in chronological order. */
export interface HistoryPage<M = JsonObject> {
  messages: Message<M>[]
  /** Messages that match the filters, whatever the page; null when not asked for. */
  count: number | null
  /** False: `count` is a floor, since counting stops after 10,000 index keys. */
  countIsExact: boolean
  /** For `before`; null where nothing lies further that way. */
  older: string | null
  /** For `after`; null where nothing lies further that way. */
  newer: string | null
  /** Where following goes on from this page. */
  live: string
}

interface Rows extends Pick<Found, 'touches' | 'again'> {
  page: MessageDocument[]
  beyond: { _id: ObjectId }[]
}

/** The result of a `$lookup` is one document, which may be beyond 16 MiB. */
function unlessTooLarge(error: unknown): undefined {
  if (!isTooLarge(error)) throw error
}
const ITERATED = 500
/** A context's `pending` is exact to here. */
export const MOST_PENDING = 1000

interface Needs {
  database: Database
  look: { at: Look; newest: Newest }
  live: Live
}

export function createHistory<M>({ database, look, live }: Needs) {
  const collection = database.collection(messages)
  const { count, countMatches } = createCount(database)

  /** A page, what lies on the other side of its origin, and whether the user exists, in one command. */
  async function rows(userId: ObjectId, cut: Cut, deadline: Deadline): Promise<Rows> {
    const toRows = (found: Found) => ({
      ...found,
      page: found.messages.page ?? [],
      beyond: found.messages.beyond ?? [],
    })
    const newest = isNewest(cut) ? await look.newest(userId, cut.limit + 1, deadline) : undefined
    if (newest) return toRows(newest)
    const beyond = cut.origin && { beyond: beyondPipeline(cut, cut.origin) }
    const found = await look.at(userId, { page: pagePipeline(cut), ...beyond }, deadline)
    return toRows({ ...found, again: found.again || isNewest(cut) })
  }

  /** The same for pages of very large messages: by cursors, which have no bound. */
  async function largeRows(userId: ObjectId, cut: Cut, deadline: Deadline): Promise<Rows> {
    const pipelines = [pagePipeline(cut), ...(cut.origin ? [beyondPipeline(cut, cut.origin)] : [])]
    const before = await look.at(userId, {}, deadline)
    const [page = [], beyond = []] = await Promise.all(
      pipelines.map((pipeline) =>
        attempt(deadline, 'read', (terms) =>
          collection.aggregate<MessageDocument>(pipeline, terms).toArray(),
        ),
      ),
    )
    const after = await look.at(userId, {}, deadline)
    if (before.touches !== after.touches) return largeRows(userId, cut, deadline)
    return { page, beyond, touches: before.touches, again: true }
  }

  const read = (userId: ObjectId, cut: Cut, deadline: Deadline): Promise<Rows> =>
    rows(userId, cut, deadline).catch((error: unknown) => {
      if (isTooLarge(error) && !cut.small) return largeRows(userId, cut, deadline)
      throw error
    })

  /** Where a filtered page has to stop, so that it examines no more than `MOST_KEYS` keys. */
  async function horizon(
    { scope, interval, backward }: Pick<Cut, 'scope' | 'interval' | 'backward'>,
    deadline: Deadline,
  ): Promise<Position | undefined> {
    const [last] = await attempt(deadline, 'read', (terms) =>
      collection
        .find(range(scope, interval), {
          projection: { timestamp: 1, _id: 1 },
          hint: indexOf(scope),
          ...terms,
        })
        .sort(backward ? NEWEST_FIRST : OLDEST_FIRST)
        .skip(MOST_KEYS - 1)
        .limit(1)
        .toArray(),
    )
    return last && { timestamp: last.timestamp, id: last._id }
  }

  /** Whether anything lies on the other side of the origin, or may lie there: a filter looks no further than its horizon. */
  const liesBehind = async (cut: Cut, beyond: Rows['beyond'], deadline: Deadline): Promise<boolean> => {
    if (!cut.origin || beyond.length > 0 || !sieve(cut.filter)) return beyond.length > 0
    const { scope, origin, backward } = cut
    return Boolean(await horizon({ scope, interval: otherSide(cut, origin), backward: !backward }, deadline))
  }

  /** A page within the bound of keys, oldest first, and the places from which to go on either way. */
  async function pageOf(userId: ObjectId, cut: Cut, deadline: Deadline) {
    const end = sieve(cut.filter) && (await horizon(cut, deadline))
    const { page, beyond, touches, again } = await read(
      userId,
      { ...cut, interval: until(cut, end) },
      deadline,
    )
    const more = page.length > cut.limit
    const shown = page.slice(0, cut.limit)
    const ordered = cut.backward ? shown.reverse() : shown
    const [first, last] = [placeOf(ordered[0]), placeOf(ordered.at(-1))]
    const onwards = more ? (cut.backward ? first : last) : end
    const { origin } = cut
    const back =
      origin && (await liesBehind(cut, beyond, deadline))
        ? cut.backward
          ? (last ?? placeBefore(origin))
          : (first ?? placeAfter(origin))
        : undefined
    return {
      documents: ordered,
      older: cut.backward ? onwards : back,
      newer: cut.backward ? back : onwards,
      touches,
      again,
    }
  }

  /**
   * Messages after a place, as they are stored.
   * @param beyond how many more than `MOST_PENDING` are of interest
   */
  function countFrom(
    userId: ObjectId,
    after: Position | undefined,
    filter: MessageFilter,
    deadline: Deadline,
    beyond = 0,
  ): Promise<number> {
    const scope = { userId, conversationId: filter.conversationId }
    return countMatches(scope, { after }, filter, MOST_PENDING + beyond, deadline)
  }

  return {
    async retrieveHistory(user: unknown, options: unknown = {}): Promise<HistoryPage<M>> {
      const userId = parse(id, user, ['userId'])
      const { limit, before, after, count: counted, ...filter } = parse(historyOptions, options, ['options'])
      const origin = placeIn(userId, before, 'before') ?? placeIn(userId, after, 'after')
      const cut = toCut({ userId, filter, limit, origin, backward: typeof after !== 'string' })
      const deadline = database.deadline()
      const most = counted === 'exact' ? undefined : MOST_KEYS
      const countNow = async () =>
        counted === false ? undefined : count(cut.scope, intervalOf(filter), filter, most, deadline)
      const kind = { isNewest: isNewest(cut), isBefore: cut.backward && origin !== undefined }
      const pageNow = () => live.around(kind, deadline, () => pageOf(userId, cut, deadline))
      let [page, total] = await Promise.all([pageNow(), countNow()])
      /* A count at the same time may have seen a part of a turn: one between two looks that agree has not. */
      for (let isWhole = !total || page.touches === 0; !isWhole; ) {
        total = await countNow()
        isWhole = (await look.at(userId, {}, deadline)).touches === page.touches
        if (!isWhole) page = await pageNow()
      }
      const cursor = (place: Position | undefined) => (place ? encodeCursor(userId, place) : null)
      return {
        messages: page.documents.map((document) => toMessage<M>(document)),
        count: total?.count ?? null,
        countIsExact: total?.countIsExact ?? false,
        older: cursor(page.older),
        newer: cursor(page.newer),
        live: await live.of(page, deadline),
      }
    },

    async *iterateHistory(user: unknown, options: unknown = {}): AsyncGenerator<Message<M>> {
      const userId = parse(id, user, ['userId'])
      const { after, ...filter } = parse(iterateOptions, options, ['options'])
      let place = placeIn(userId, after, 'after')
      let limit = ITERATED
      while (true) {
        const cut = toCut({ userId, filter, limit, origin: place, backward: false })
        /* A single message may be too large for a page, and is read all the same: if not even that goes, nothing does. */
        const page = await pageOf(
          userId,
          { ...cut, origin: undefined, small: limit > 1 },
          database.deadline(),
        ).catch(limit > 1 ? unlessTooLarge : undefined)
        if (page) {
          for (const document of page.documents) yield toMessage<M>(document)
          if (!page.newer) return
          place = page.newer
        }
        limit = page ? Math.min(ITERATED, limit * 2) : Math.ceil(limit / 8)
      }
    },

    countFrom,

    /** Reads what has a mark, and counts the messages after it, at most `MOST_PENDING`. */
    async countAfter<T extends { covers?: Position | undefined }>(
      userId: ObjectId,
      reading: () => Promise<T>,
      filter: MessageFilter,
      deadline: Deadline,
    ): Promise<{ found: T; count: number }> {
      while (true) {
        const before = await look.at(userId, {}, deadline)
        const found = await reading()
        const total = await countFrom(userId, found.covers, filter, deadline)
        const after = await look.at(userId, {}, deadline)
        if (before.touches === after.touches) return { found, count: Math.min(total, MOST_PENDING) }
      }
    },
  }
}

const placeIn = (userId: ObjectId, cursor: string | null | undefined, name: string): Position | undefined =>
  typeof cursor === 'string' ? decodeCursor(userId, cursor, name) : undefined

const placeOf = (document: MessageDocument | undefined): Position | undefined =>
  document && { timestamp: document.timestamp, id: document._id }
