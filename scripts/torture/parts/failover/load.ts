import { setTimeout as pause } from 'node:timers/promises'
import { median } from 'simple-statistics'
import { atMost } from '../../../../src/db/attempt.ts'
import { type Caller, Surprise } from './callers/index.ts'

/** When a write was made, on `performance.now()`. */
export interface Timed {
  name: string
  begun: number
  ended: number
  /** What such a write takes while all is well, on a machine as busy as this one. */
  usualMs: number
}

/** Callers at work, each making one call after the other. */
export interface Load {
  /** Resolves when each of them has had an answer after this moment. */
  answered(): Promise<void>
  /** Resolves with the writes that ended while something was done to the set. */
  writesDuring(deed: () => Promise<void>): Promise<Timed[]>
  stop(): Promise<void>
}

interface Told {
  onCall(): void
  /** What must not be. */
  onError(detail: string): void
  onSurprise(detail: string): void
}

const BETWEEN_MS = 20
/** Far longer than any call may take. */
const ANSWER_MS = 300_000

export function startLoad(callers: Caller[], { onCall, onError, onSurprise }: Told): Load {
  const calm = new Map<Caller, number[]>(callers.map((caller) => [caller, []]))
  let writes: Timed[] | undefined
  let isOver = false
  let onAnswer = new Map<Caller, () => void>()

  async function makeCalls(caller: Caller): Promise<void> {
    for (let n = 0; !isOver; n++) {
      const begun = performance.now()
      try {
        await caller.call(n)
        if (caller.isWriter) note(caller, begun, performance.now())
      } catch (error) {
        const after = Math.round(performance.now() - begun)
        if (error instanceof Surprise) onSurprise(error.message)
        else onError(`${caller.name}, call ${n}, after ${after} ms: ${described(error)}`)
      }
      onCall()
      onAnswer.get(caller)?.()
      await pause(BETWEEN_MS)
    }
  }

  function note(caller: Caller, begun: number, ended: number): void {
    const usual = calm.get(caller) ?? []
    if (writes)
      writes.push({ name: caller.name, begun, ended, usualMs: usual.length > 0 ? median(usual) : 0 })
    else usual.push(ended - begun)
  }

  const working = callers.map(makeCalls)
  return {
    async answered() {
      const answers = callers.map((caller) => new Promise<void>((resolve) => onAnswer.set(caller, resolve)))
      let isAnswered = false
      await atMost(
        ANSWER_MS,
        Promise.all(answers).then(() => {
          isAnswered = true
        }),
      )
      onAnswer = new Map()
      if (!isAnswered) throw new Error(`A caller has had no answer in ${ANSWER_MS} ms.`)
    },
    async writesDuring(deed) {
      const during: Timed[] = []
      writes = during
      await deed()
      writes = undefined
      return during
    },
    async stop() {
      isOver = true
      await Promise.all(working)
    },
  }
}

/** With what the store tells of it, and what of its cause. */
export function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, outcome, cause } = error as Error & { code?: string; outcome?: string }
  const why = cause instanceof Error ? `, because of ${cause.name} ${'code' in cause ? cause.code : ''}` : ''
  return `${code ?? error.name} (${outcome ?? error.message})${why} ${error.stack?.split('\n')[1]?.trim() ?? ''}`
}
