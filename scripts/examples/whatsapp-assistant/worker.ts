import { setTimeout as pause } from 'node:timers/promises'
import type { LockOptions } from 'dialogue-store'
import type { Logger } from 'pino'
import { hasCode } from '../common/errors.ts'
import { type Person, type Store, TODO, type Todo } from './shapes.ts'

/**
 * Does one thing for somebody, and takes it off what is to do; or leaves it there for a later sweep. It may run again: when
 * it fails, or its process dies.
 */
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
/** So many people are worked for by sweeps. Deliveries do not count. */
const MOST_AT_ONCE = 50
/** How long sweeps leave somebody alone for whom something has failed: twice as long each time. */
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 10 * 60_000

/**
 * Works off what is to do, one user at a time over all processes. What a process leaves behind that dies, or that could
 * not be done, is found by a sweep of whichever process runs. Disposing of it finishes what is under way.
 */
export function createWorker({ store, log, steps, whenIdle }: Needs): Worker {
  const underWay = new Set<Promise<void>>()
  const ofSweeps = new Set<Promise<void>>()
  /** For whom something failed here: how often in a row, and until when sweeps leave them alone. */
  const putOff = new Map<string, { times: number; until: number }>()
  const stopped = new AbortController()
  /** Where the next sweep goes on, so that it does not always find the same people. */
  let cursor: string | null = null

  async function workFor(userId: string): Promise<void> {
    const tried = new Set<string>()
    let hasFailed = false
    for (;;) {
      const user = await store.getUser(userId)
      const next = nextOf(user, tried)
      if (!next) break
      const { kind, id } = next
      tried.add(id)
      try {
        await steps[kind](user, id)
        if (kind === 'erase') return
      } catch (error) {
        hasFailed = true
        log.error({ userId, id, todo: kind, err: error }, 'this is tried again')
      }
    }
    if (hasFailed) postpone(userId)
    else putOff.delete(userId)
    if (tried.size > 0) await whenIdle(userId)
  }

  function postpone(userId: string): void {
    const times = (putOff.get(userId)?.times ?? 0) + 1
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** times, LONGEST_WAIT_MS)
    putOff.set(userId, { times, until: Date.now() + waitMs })
  }

  /** @param lock `waitMs`: for whoever works for them just now */
  async function work(userId: string, lock: LockOptions = {}): Promise<void> {
    try {
      await store.withUserLock(userId, () => workFor(userId), { leaseMs: LEASE_MS, ...lock })
    } catch (error) {
      if (!hasCode(error, 'USER_LOCKED', 'USER_NOT_FOUND'))
        log.error({ userId, err: error }, 'the rest is tried again')
    }
  }

  function track(group: Set<Promise<void>>, userId: string, lock?: LockOptions): void {
    const working = work(userId, lock).finally(() => group.delete(working))
    group.add(working)
  }

  /** Nobody waits for anybody: a process that died in a transaction may hold up its user for a minute. */
  async function sweep(): Promise<void> {
    while (!stopped.signal.aborted && ofSweeps.size < MOST_AT_ONCE) {
      const limit = MOST_AT_ONCE - ofSweeps.size
      const page = await store.listUsers({ states: { todo: 'open' }, limit, cursor })
      for (const { id } of page.users)
        if ((putOff.get(id)?.until ?? 0) <= Date.now()) track(ofSweeps, id, { waitMs: 0 })
      cursor = page.nextCursor
      if (!cursor) return
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
    wake: (userId) => track(underWay, userId),
    async [Symbol.asyncDispose]() {
      stopped.abort()
      await sweeping
      await Promise.all([...underWay, ...ofSweeps])
    },
  }
}

function nextOf({ data }: Person, tried: Set<string>): { kind: Todo; id: string } | undefined {
  const open = Object.entries(data.todo ?? {})
    .filter(([id]) => !tried.has(id))
    .sort()
  for (const kind of TODO) {
    const [id] = open.find(([, todo]) => todo === kind) ?? []
    if (id) return { kind, id }
  }
  return undefined
}
