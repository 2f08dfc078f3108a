import type { Deadline } from '../db/attempt.ts'
import type { KeyedQueue } from '../db/queue.ts'

/**
 * One transaction's turns: those of one user conflict on the server, and a conflict costs a rerun. So within a
 * process they stand in line. Who holds one turn never waits for another, unless it takes all in their order:
 * so nobody waits in a circle. What could not be had is known when the transaction runs again.
 */
export function createTurnstile(queue: KeyedQueue, deadline: Deadline) {
  const wanted = new Set<string>()
  let held = new Map<string, Promise<() => void>>()

  function leave(): void {
    for (const turn of held.values()) void turn.then((next) => next()).catch(() => {})
    held = new Map()
  }

  async function wait(key: string): Promise<void> {
    const turn = queue.enter(key, deadline)
    held.set(key, turn)
    await turn
  }

  return {
    /** Before a run: takes every turn that the runs before it wanted. */
    async takeAll(): Promise<void> {
      leave()
      for (const key of [...wanted].sort()) await wait(key)
    },
    async take(key: string): Promise<void> {
      wanted.add(key)
      const mine = held.get(key)
      if (mine) await mine
      else if (held.size === 0) await wait(key)
      else {
        const turn = queue.tryEnter(key)
        if (turn) held.set(key, Promise.resolve(turn))
      }
    },
    leave,
  }
}
