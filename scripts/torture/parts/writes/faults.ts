import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../lib/random.ts'
import type { Attempt } from '../../part.ts'
import type { Rig } from './rig.ts'
import type { Seat } from './seat.ts'

export type Fault =
  | 'a writer is killed'
  | 'a writer is frozen'
  | 'mongod is killed'
  | 'mongod is killed with writes that no disk has'
  | 'mongod is frozen'

/** How often each comes before all are shuffled again. */
const DECK: readonly Fault[] = [
  ...(['a writer is killed', 'a writer is killed', 'a writer is killed'] as const),
  ...(['a writer is frozen', 'a writer is frozen', 'mongod is frozen'] as const),
  ...(['mongod is killed', 'mongod is killed with writes that no disk has'] as const),
]

/** A fault comes when something was written since the one before it: on a slow machine, too. */
const PROGRESS_BYTES = 6000
const PROGRESS_MS = 8000
const POLL_MS = 20
/** But so many come at once. */
const AT_ONCE = 1 / 4
const LONGEST_PAUSE_MS = 400
const SHORTEST_SLEEP_MS = 100
/** Longer than some writers have patience. */
const LONGEST_SLEEP_MS = 4000

interface Scene {
  rig: Rig
  seats: readonly Seat[]
  tally: Attempt['tally']
  random: Random
}

/**
 * Deals faults until it is told that it is enough, but for one deck at least. They overlap: a server is killed while
 * a writer is frozen, or begins.
 */
export async function dealFaults(
  { rig, seats, tally, random }: Scene,
  isEnough: () => boolean,
): Promise<void> {
  const busy = new Map<Seat | Rig, Promise<void>>()
  let failure: { error: unknown } | undefined

  /** On one of those to whom nothing happens now; if there is none, on the first that is free again. */
  async function befall(victims: readonly (Seat | Rig)[], what: Fault): Promise<void> {
    const free = victims.filter((victim) => !busy.has(victim))
    if (free.length === 0) {
      await Promise.race(victims.map((victim) => busy.get(victim)))
      return befall(victims, what)
    }
    const victim = random.pick(free)
    const over = happen(victim, what).catch((error: unknown) => {
      failure ??= { error }
    })
    busy.set(
      victim,
      over.finally(() => void busy.delete(victim)),
    )
    tally.tried(what)
  }

  async function happen(victim: Seat | Rig, what: Fault): Promise<void> {
    if ('holdJournal' in victim && what.endsWith('has')) {
      await victim.holdJournal()
      await pause(random.below(LONGEST_PAUSE_MS))
    }
    if (what.includes('killed')) return victim.restart()
    victim.signal('SIGSTOP')
    const others = seats.filter((seat) => seat !== victim)
    if ('ledger' in victim && others.length > 0) random.pick(others).deliverAgain(victim.ledger)
    await pause(SHORTEST_SLEEP_MS + random.below(LONGEST_SLEEP_MS - SHORTEST_SLEEP_MS))
    victim.signal('SIGCONT')
  }

  async function progress(): Promise<void> {
    const size = () => seats.reduce((sum, seat) => sum + seat.written(), 0)
    const before = size()
    for (let waited = 0; waited < PROGRESS_MS && size() < before + PROGRESS_BYTES; waited += POLL_MS)
      await pause(POLL_MS)
  }

  for (let dealt = 0; dealt < DECK.length || !isEnough(); ) {
    for (const what of random.shuffle(DECK)) {
      if (dealt >= DECK.length && isEnough()) break
      if (random.next() >= AT_ONCE) await progress()
      await pause(random.below(LONGEST_PAUSE_MS))
      await befall(what.startsWith('mongod') ? [rig] : seats, what)
      if (failure) throw failure.error
      dealt++
    }
  }
  await Promise.all(busy.values())
  if (failure) throw failure.error
}
