import { setTimeout as pause } from 'node:timers/promises'
import type { Attempt } from '../../part.ts'
import { freeze } from '../../rig/freeze.ts'
import type { Fate, Judge } from '../../rig/proxy.ts'

const LINES = 'commands or replies lost on the way'
const FREEZES = 'a frozen server, for up to two seconds'
/** One command in so many. */
const ONE_IN = 300
const PAUSE_MS = 8000
const LONGEST_FREEZE_MS = 2000

/** Decides which commands, and which replies, get lost. */
export function lossyLine({ random, tally }: Attempt): Judge {
  return (): Fate => {
    if (random.below(ONE_IN) > 0) return 'arrives'
    tally.tried(LINES)
    return random.pick<Fate>(['is lost', 'loses its reply'])
  }
}

/** Freezes the server now and then, until time is over. */
export async function freezeAtTimes({ over, random, tally }: Attempt, pids: number[]): Promise<void> {
  while (!over.aborted) {
    await pause(random.below(PAUSE_MS), undefined, { signal: over }).catch(() => {})
    if (over.aborted) return
    await freeze(pids, () => pause(random.below(LONGEST_FREEZE_MS)))
    tally.tried(FREEZES)
  }
}
