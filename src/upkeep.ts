import { atMost } from './db/attempt.ts'
import type { Database } from './db/database.ts'
import { toStoreError } from './db/failure.ts'
import { takeLease } from './db/lease.ts'
import { nextId } from './ids.ts'
import type { Observer } from './log.ts'
import { META, type UpkeepMeta } from './meta.ts'

/** Work that a process may have left behind: done when a store opens, and from time to time. */
export interface Job {
  name: string
  /** How long to wait for it when a store opens; the rest goes on in the background. */
  openingMs: number
  /**
   * @param opening when a store opens, so that somebody may just have crashed
   * @param isOver the store closes: what is left is somebody else's
   */
  run(opening: boolean, isOver: () => boolean): Promise<void>
}

interface Needs {
  database: Database
  log: Observer['log']
  jobs: Job[]
}

const EVERY_MS = 15_000
/** How long a store that closes waits for what may be left to others. */
const STOPPING_MS = 2000

export function createUpkeep({ database, log, jobs }: Needs) {
  const meta = database.internal<UpkeepMeta>(META)
  const owner = nextId()
  let over = false
  let running: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const run = (job: Job, opening: boolean): Promise<void> =>
    job
      .run(opening, () => over)
      .catch((error: unknown) => log.warn({ op: job.name, code: toStoreError(error).code }, job.name))

  async function pass(): Promise<void> {
    const maxTimeMS = database.timeoutMs
    /* Of several stores on a database, one is enough. */
    if (!(await takeLease(meta, 'upkeep', owner, 2 * EVERY_MS, { maxTimeMS }).catch(() => false))) return
    for (const job of jobs) if (!over) await run(job, false)
  }

  function schedule(): void {
    if (over) return
    timer = setTimeout(() => {
      running = pass().finally(schedule)
    }, EVERY_MS).unref()
  }

  return {
    /**
     * What a crashed process has left is done before the store is open, as far as that is soon done: one job after the
     * other, as making a second connection takes longer than finding that there is nothing to do.
     */
    async start(): Promise<void> {
      const begun: Promise<void>[] = []
      for (const job of jobs) {
        const done = run(job, true)
        begun.push(done)
        await atMost(job.openingMs, done)
      }
      running = Promise.all(begun).finally(schedule)
    },
    async stop(): Promise<void> {
      over = true
      clearTimeout(timer)
      await atMost(STOPPING_MS, running)
    },
  }
}
