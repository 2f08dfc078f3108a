import { z } from 'zod'
import type { Deadline } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { storeClosed } from '../../errors.ts'
import type { ObjectId } from '../../ids.ts'
import { id, parse } from '../../input.ts'
import type { JsonObject } from '../../json.ts'
import type { Clock } from '../clock.ts'
import { decodeOrigin, encodeOrigin, type Origin, placeAt } from '../live.ts'
import { type Message, toMessage } from '../schema.ts'
import { createUserCheck, type UserCheck } from './feed.ts'
import { createHub } from './hub.ts'
import { createMember, type Followed } from './member.ts'
import { createSignals } from './signals.ts'

const signalLike = z.custom<AbortSignal>(
  (value) => typeof (value as AbortSignal | undefined)?.addEventListener === 'function',
  'must be an AbortSignal',
)

const followOptions = z.strictObject({
  /** Of one user only. */
  userId: id.optional(),
  /** A page's `live`, or an item's `resume`. */
  after: z.string().optional(),
  /** Ends the iteration, also while it waits. */
  signal: signalLike.optional(),
})
export type FollowOptions = z.input<typeof followOptions>

/** A message that was stored, and from where to go on behind it. */
export interface FollowedMessage<M = JsonObject> {
  message: Message<M>
  resume: string
}

interface Needs {
  database: Database
  clock: Clock
  usersAmong(ids: ObjectId[], deadline: Deadline): Promise<Set<string>>
}

/** Users who were known to exist are asked for again after that long. */
const FRESH_MS = 1000

export function createFollowing<M>({ database, clock, usersAmong }: Needs) {
  const check = createUserCheck(database, usersAmong)
  const listen = createSignals()
  const hub = createHub({ database, clock, check, usersAmong })

  /** Whatever is stored from now on is later than what this process has heard of. */
  const originFromNow = async (): Promise<Origin> => {
    const time = clock.heard() ?? (await clock.ask(database.deadline())).latest
    return { place: placeAt(time), page: undefined }
  }

  async function* follow(options: unknown, left: AbortSignal): AsyncGenerator<FollowedMessage<M>> {
    const { userId, after, signal = left } = parse(followOptions, options, ['options'])
    const came = after === undefined ? new Date() : undefined
    const origin = after === undefined ? await originFromNow() : decodeOrigin(after)
    const over = () => signal.aborted || left.aborted
    if (over()) return
    const member = createMember(origin, userId?.toHexString(), came)
    const end = () => member.end()
    const stops = [signal, left].map((one) => listen(one, end))
    hub.enter(member)
    try {
      while (true) {
        const taken = await member.take(() => hub.place(member))
        if (taken.length === 0) return
        for await (const { place, document } of existing(taken, check, over)) {
          const page = origin.page && place <= origin.page.end ? origin.page : undefined
          yield { message: toMessage<M>(document), resume: encodeOrigin({ place, page }) }
        }
      }
    } finally {
      for (const stop of stops) stop()
      hub.leave(member)
    }
  }

  return {
    followMessages(options: unknown = {}): AsyncIterableIterator<FollowedMessage<M>> {
      const left = new AbortController()
      const items = follow(options, left.signal)
      const iterator: AsyncIterableIterator<FollowedMessage<M>> = {
        next: () => items.next(),
        /* Also while it waits. */
        return() {
          left.abort()
          return items.return(undefined)
        },
        [Symbol.asyncIterator]: () => iterator,
      }
      return iterator
    },
    /** Ends every iteration with `STORE_CLOSED`. */
    close: () => hub.close(storeClosed()),
  }
}

/** Who takes their time may be handed a message long after it came: its user may be gone by then. */
async function* existing(taken: Followed[], check: UserCheck, over: () => boolean): AsyncGenerator<Followed> {
  let rest = taken
  let index = 0
  for (let next = rest[0]; next && !over(); next = rest[index]) {
    if (performance.now() - next.checkedAt > FRESH_MS) {
      rest = await check(rest.slice(index))
      index = 0
    } else {
      yield next
      index++
    }
  }
}
