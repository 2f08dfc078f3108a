import { AsyncLocalStorage } from 'node:async_hooks'
import { type DialogueStoreError, invalidInput } from '../errors.ts'
import { subjectsOfCall } from './subjects.ts'

/** A transaction whose function is running, as calls inside it see it. */
export interface Running {
  /** What its verbs have named: it may have written to it. */
  readonly named: Set<string>
  ended: boolean
  /** The transaction in whose function this one was begun. */
  readonly around: Running | undefined
}

export type RunningTransactions = ReturnType<typeof createRunning>

/** Knows in which transactions' functions a call is made: a write could wait for one of them, which waits for it. */
export function createRunning() {
  const storage = new AsyncLocalStorage<Running>()
  return {
    begin: (): Running => ({ named: new Set(), ended: false, around: storage.getStore() }),
    within: <T>(running: Running, work: () => T): T => storage.run(running, work),
    /** Why a call would wait for itself, if so. */
    refuse(args: readonly unknown[]): DialogueStoreError | undefined {
      const around = storage.getStore()
      return around && refusal(subjectsOfCall(args), around)
    },
  }
}

/** @param subjects what the call is about */
export function refusal(
  subjects: readonly string[],
  around: Running | undefined,
): DialogueStoreError | undefined {
  for (let running = around; running; running = running.around) {
    const { ended, named } = running
    if (!ended && subjects.some((subject) => named.has(subject))) return wouldWait()
  }
  return undefined
}

const wouldWait = (): DialogueStoreError =>
  invalidInput([
    {
      path: [],
      reason:
        'is about a user or an event that the transaction around this call has named, and would wait for it: ' +
        'call the verb of tx',
    },
  ])
