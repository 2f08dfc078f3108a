import { setTimeout as pause } from 'node:timers/promises'
import type { LockOptions } from 'dialogue-store'
import type { Logger } from 'pino'
import { hasCode } from '../common/errors.ts'
import { type Person, type Store, TODO, type Todo } from './shapes.ts'

/** Does one thing for somebody, and takes it off what is to do. It may run again: when it fails, or its process dies. */
export type Step = (user: Person, id: string) => Promise<void>

interface Needs {
  store: Store
  log: Logger
  steps: Record<Todo, Step>
  /** When all is done for somebody who was busy with the bot. */
  whenIdle: (userId: string) => Promise<void>
}

export interface Worker extends AsyncDisposable {
  /** Somebody has something to do. Nobody waits for it. */
  wake(userId: string): void
}

/** After a crash, others wait this long for the lock of who crashed. While work goes on, it is renewed. */
const LEASE_MS = 5000
const SWEEP_MS = 5000
/** What a sweep adds to. The rest is found by the next one. */
const MOST_AT_ONCE = 50

/**
 * Works off what is to do, one user at a time over all processes. What a process leaves behind that dies, or that could
 * not be done, is found by a sweep of whichever process runs. Disposing of it finishes what is under way.
 */
export function createWorker({ store, log, steps, whenIdle }: Needs): Worker {
  const underWay = new Set<Promise<void>>()
  const stopped = new AbortController()

  async function workFor(userId: string): Promise<void> {
    const failed = new Set<string>()
    for (let isBusy = false; ; isBusy = true) {
      const user = await store.getUser(userId)
      const next = nextOf(user, failed)
      if (!next) return isBusy ? whenIdle(userId) : undefined
      const { kind, id } = next
      try {
        await steps[kind](user, id)
        if (kind === 'erase') return
      } catch (error) {
        failed.add(id)
        log.error({ userId, id, todo: kind, err: error }, 'this is tried again')
      }
    }
  }

  /** @param lock `waitMs`: for whoever works for them just now */
  async function work(userId: string, lock: LockOptions = {}): Promise<void> {
    try {
      await store.withUserLock(userId, () => workFor(userId), { leaseMs: LEASE_MS, ...lock })
    } catch (error) {
      if (!hasCode(error, 'USER_LOCKED', 'USER_NOT_FOUND'))
        log.error({ userId, err: error }, 'nothing was done')
    }
  }

  function wake(userId: string, lock?: LockOptions): void {
    const working = work(userId, lock).finally(() => underWay.delete(working))
    underWay.add(working)
  }

  /** Nobody waits for anybody: a process that died in a transaction may hold up its user for a minute. */
  async function sweep(): Promise<void> {
    for await (const { id } of store.iterateUsers({ states: { todo: 'open' } })) {
      if (stopped.signal.aborted || underWay.size >= MOST_AT_ONCE) return
      wake(id, { waitMs: 0 })
    }
  }

  async function sweepUntilStopped(): Promise<void> {
    while (!stopped.signal.aborted) {
      await sweep().catch((error: unknown) => log.error({ err: error }, 'the sweep is tried again'))
      await pause(SWEEP_MS, undefined, { signal: stopped.signal }).catch(() => {})
    }
  }
  const sweeping = sweepUntilStopped()

  return {
    wake,
    async [Symbol.asyncDispose]() {
      stopped.abort()
      await sweeping
      await Promise.all(underWay)
    },
  }
}

function nextOf({ data }: Person, failed: Set<string>): { kind: Todo; id: string } | undefined {
  const open = Object.entries(data.todo ?? {})
    .filter(([id]) => !failed.has(id))
    .sort()
  for (const kind of TODO) {
    const [id] = open.find(([, todo]) => todo === kind) ?? []
    if (id) return { kind, id }
  }
  return undefined
}
