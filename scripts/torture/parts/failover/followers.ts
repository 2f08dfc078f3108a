import { setTimeout as pause } from 'node:timers/promises'
import type { DialogueStore } from '../../../../src/index.ts'
import type { Random } from '../../../lib/random.ts'

/** Somebody who follows, whatever happens. */
export interface Follower {
  /**
   * Ends it when these messages have come, or should have.
   * @returns what is wrong with what came
   */
  end(messageIds: string[]): Promise<string[]>
  stop(): Promise<void>
}

interface Way {
  /** From where. */
  after: string
  /** Given: they leave after some messages, and come again where they left. */
  leaves?: Random
  onError(error: unknown): void
}

const MOST_AT_ONCE = 200
/** When nothing has come for that long, nothing is on its way. */
const PATIENCE_MS = 5000
const POLL_MS = 20
/** What comes twice may come a little later. */
const AFTERWARDS_MS = 300

export function startFollower(
  store: Pick<DialogueStore, 'followMessages'>,
  { after, leaves, onError }: Way,
): Follower {
  const times = new Map<string, number>()
  let last = performance.now()
  const controller = new AbortController()
  const { signal } = controller
  let place = after

  async function followOn(): Promise<void> {
    let left = leaves ? 1 + leaves.below(MOST_AT_ONCE) : Number.POSITIVE_INFINITY
    for await (const { message, resume } of store.followMessages({ after: place, signal })) {
      place = resume
      last = performance.now()
      times.set(message.id, (times.get(message.id) ?? 0) + 1)
      if (--left === 0) return
    }
  }

  async function follow(): Promise<void> {
    while (!signal.aborted) {
      try {
        await followOn()
      } catch (error) {
        onError(error)
        await pause(AFTERWARDS_MS)
      }
    }
  }

  const following = follow()
  const stop = () => {
    controller.abort()
    return following
  }
  return {
    stop,
    async end(messageIds) {
      last = performance.now()
      const isAway = (id: string) => !times.has(id)
      while (messageIds.some(isAway) && performance.now() - last < PATIENCE_MS) await pause(POLL_MS)
      await pause(AFTERWARDS_MS)
      await stop()
      const repeated = [...times].filter(([, count]) => count > 1)
      return [
        ...messageIds.filter(isAway).map((id) => `message ${id} never came`),
        ...repeated.map(([id, count]) => `message ${id} came ${count} times`),
      ]
    },
  }
}
