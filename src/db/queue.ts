import { type Deadline, within } from './attempt.ts'
import { timedOut } from './failure.ts'

/** Lets one in at a time for each key, in the order of asking; keys don't wait for each other. */
export interface KeyedQueue {
  /** Runs work when it is its turn. @throws DialogueStoreError `TIMEOUT` if it isn't before the deadline */
  run<T>(key: string, work: () => Promise<T>, deadline: Deadline): Promise<T>
  /** Waits for one's turn. @returns what lets the next one in */
  enter(key: string, deadline: Deadline): Promise<() => void>
  /** Takes a turn that nobody else has or waits for. */
  tryEnter(key: string): (() => void) | undefined
}

export function createKeyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<void>>()

  /** Joins the line: what to wait for, and what lets the next one in. */
  function join(key: string): { before: Promise<void> | undefined; leave: () => void } {
    const before = tails.get(key)
    let leave = () => {}
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    const tail = (before ?? Promise.resolve()).then(() => left)
    tails.set(key, tail)
    void tail.then(() => {
      if (tails.get(key) === tail) tails.delete(key)
    })
    return { before, leave }
  }

  async function enter(key: string, deadline: Deadline): Promise<() => void> {
    const { before, leave } = join(key)
    try {
      if (before) await within(deadline.remaining(), before, () => timedOut('not-applied'))
      return leave
    } catch (error) {
      leave()
      throw error
    }
  }

  return {
    enter,
    tryEnter: (key) => (tails.has(key) ? undefined : join(key).leave),
    async run(key, work, deadline) {
      const leave = await enter(key, deadline)
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
