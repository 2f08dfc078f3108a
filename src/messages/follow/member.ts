import type { Origin, Place } from '../live.ts'
import type { Insert } from './stream.ts'

/** A message to be handed on. */
export interface Followed extends Insert {
  userId: string
  bytes: number
  /** When its user was known to exist, by `performance.now()`. */
  checkedAt: number
}

/** Bounds of what is kept in memory. At least one message is kept, however large. */
export interface Bounds {
  messages: number
  bytes: number
}

/** Of one follower, who falls back when more than this waits for them. */
const INBOX: Bounds = { messages: 1000, bytes: 4 * 2 ** 20 }

/** Somebody who follows, as the feeds see them. */
export interface Member {
  readonly userId: string | undefined
  /** Everything up to here is in the inbox, or was not for them. */
  place(): Place
  /** The first time only: nothing that was stored before they came is later than this. */
  admit(now: Place): void
  /** Takes a message that lies behind their place, if it is for them. False: there is no room for it. */
  offer(followed: Followed): boolean
  /** Nothing more for them up to here. */
  pass(end: Place): void
  /** No feed brings anything until they are placed again. A follower who waits for a message is told why. */
  drop(error?: unknown): void
  /** Wakes them for good: nothing more comes. The first end decides whether that is an error. */
  end(error?: unknown): void
  /** All that waits for them, in order; waits for it. Nothing: it is over. */
  take(replace: () => void): Promise<Followed[]>
}

/**
 * @param came when they asked to follow from then on. Their place is what this process had heard of by then, and
 *   others may have stored more; of that, what was accepted before is not for them
 */
export function createMember(
  { place: origin, page }: Origin,
  userId: string | undefined,
  came: Date | undefined,
): Member {
  let place = origin
  let now: Place | undefined
  let inbox: Followed[] = []
  let bytes = 0
  let placed = true
  let over = false
  let failure: { error: unknown } | undefined
  let wake: (() => void) | undefined

  const wakeUp = () => {
    wake?.()
    wake = undefined
  }
  const isOnPage = (followed: Followed): boolean =>
    page !== undefined && followed.place <= page.end && page.ids.has(followed.document._id.toHexString())
  const isEarlier = (followed: Followed): boolean =>
    came !== undefined && now !== undefined && followed.place <= now && followed.document.createdAt < came
  const isFor = (followed: Followed): boolean =>
    (userId === undefined || followed.userId === userId) && !isOnPage(followed) && !isEarlier(followed)

  return {
    userId,
    place: () => place,
    admit(time) {
      now ??= time
    },
    offer(followed) {
      if (followed.place <= place || over) return true
      if (isFor(followed)) {
        const full = inbox.length >= INBOX.messages || bytes + followed.bytes > INBOX.bytes
        if (full && inbox.length > 0) return false
        inbox.push(followed)
        bytes += followed.bytes
      }
      place = followed.place
      return true
    },
    pass(end) {
      if (end > place) place = end
      if (inbox.length > 0) wakeUp()
    },
    drop(error) {
      placed = false
      if (wake && error !== undefined) failure = { error }
      wakeUp()
    },
    end(error) {
      if (over) return
      over = true
      if (error !== undefined) failure = { error }
      wakeUp()
    },
    async take(replace) {
      while (inbox.length === 0 && !over) {
        if (failure) throw failure.error
        if (placed) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        } else {
          placed = true
          replace()
        }
      }
      if (over && failure) throw failure.error
      const taken = over ? [] : inbox
      inbox = []
      bytes = 0
      return taken
    },
  }
}
