import { setTimeout as sleep } from 'node:timers/promises'
import { toStoreError } from '../db/failure.ts'
import { isThrown, type Observer } from '../log.ts'
import { GoogleFailure } from './failure.ts'
import type { Schedule } from './options.ts'

interface Needs {
  push(isOver: () => boolean): Promise<unknown>
  pull(): Promise<unknown>
  renew(): Promise<void>
  /** Writes down when the first sync was started. */
  known(): Promise<unknown>
  log: Observer['log']
  /** The store is. */
  closed: Observer['closed']
}

function codeOf(error: unknown): string {
  if (isThrown(error)) return 'callback-threw'
  return error instanceof GoogleFailure ? error.message : toStoreError(error).code
}

const RENEW_EVERY_MS = 60 * 60_000

/** Pushes and pulls from time to time. What fails is tried again the next time. */
export function createLoop({ push, pull, renew, known, log, closed }: Needs) {
  let stopping: AbortController | undefined
  let running: Promise<unknown> = Promise.resolve()

  /** @returns for how long Google asks to be left alone */
  async function attempt(op: string, work: () => Promise<unknown>): Promise<number> {
    try {
      await work()
      return 0
    } catch (error) {
      log.warn({ op: `calendar.${op}`, code: codeOf(error) }, `calendar.${op}`)
      return error instanceof GoogleFailure ? (error.retryAfterMs ?? 0) : 0
    }
  }

  async function every(ms: number, { signal }: AbortController, op: string, work: () => Promise<unknown>) {
    while (!signal.aborted && !closed()) {
      const wanted = await attempt(op, work)
      await sleep(Math.max(ms, wanted), undefined, { signal, ref: false }).catch(() => {})
    }
  }

  return {
    /** A second start changes nothing until `stop`. */
    start({ pushEveryMs, pullEveryMs }: Schedule): void {
      if (stopping) return
      const over = new AbortController()
      stopping = over
      const begun = attempt('start', known).then(() =>
        Promise.all([
          every(pushEveryMs, over, 'push', () => push(() => over.signal.aborted)),
          every(pullEveryMs, over, 'pull', pull),
          every(RENEW_EVERY_MS, over, 'renew', renew),
        ]),
      )
      /* What an earlier start has under way may take longer. */
      running = Promise.all([running, begun])
    },
    async stop(): Promise<void> {
      stopping?.abort()
      stopping = undefined
      await running
    },
  }
}
