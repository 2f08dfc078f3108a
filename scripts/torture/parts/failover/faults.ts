import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../lib/random.ts'
import { freeze } from '../../rig/freeze.ts'
import type { Party, Trouble } from './line.ts'
import type { ReplicaSet } from './set.ts'

interface Scene {
  set: ReplicaSet
  random: Random
  /** Resolves when the set takes writes again, every caller has been answered since, and some more time is over. */
  recovered(): Promise<void>
}

export interface Fault {
  /** As the table says it. */
  name: string
  /** Commits it, and puts right what it broke. */
  commit(scene: Scene): Promise<void>
}

const SHORTEST_MS = 1500
const LONGEST_MS = 4000
/** Around what the driver waits for a reply of a monitor: below it all is slow, beyond it cut. */
const LATE_MS = [200, 800, 1500] as const

export const STEP_DOWN: Fault = {
  name: 'step-down of the primary',
  async commit({ set, recovered }) {
    const primary = set.direct[await set.primary()]
    await primary?.db('admin').command({ replSetStepDown: 60, secondaryCatchUpPeriodSecs: 10 })
    await recovered()
  },
}

const kill: Fault = {
  name: 'SIGKILL of the primary',
  async commit({ set, recovered }) {
    const primary = await set.primary()
    process.kill(set.pidOf(primary), 'SIGKILL')
    await recovered()
    await set.restart(primary)
  },
}

const stop: Fault = {
  name: 'SIGSTOP of the primary, SIGCONT',
  async commit({ set, recovered }) {
    await freeze([set.pidOf(await set.primary())], recovered)
  },
}

/** Nobody talks to the primary, nor it to anybody. */
const isolation = (name: string, trouble: Trouble): Fault => ({
  name,
  async commit({ set, recovered }) {
    const primary = await set.primary()
    set.network.trouble((from, to) => from === primary || to === primary, trouble)
    await recovered()
    set.network.heal()
  },
})

/** The set is well, but what the bot sends it, or some of it, and what comes back, has a hard time. */
const badLine = (name: string, troubleOf: (random: Random) => Trouble): Fault => ({
  name,
  async commit({ set, random, recovered }) {
    set.network.trouble((party: Party) => party === 'bot', troubleOf(random))
    await pause(SHORTEST_MS + random.below(LONGEST_MS - SHORTEST_MS))
    set.network.heal()
    await recovered()
  },
})

/** Of each round one of each kind. */
export const KINDS: readonly (readonly Fault[])[] = [
  [STEP_DOWN],
  [kill, stop],
  [
    isolation('primary cut off', 'cut'),
    isolation('primary half-open', 'mute'),
    badLine('bot cut off', () => 'cut'),
    badLine('bot half-open', () => 'mute'),
    badLine('bot far away', (random) => random.pick(LATE_MS)),
  ],
]
