import type { Operation, Scene } from './operations.ts'
import type { Victim } from './victim.ts'
import type { CrashWorld } from './world.ts'

/** An operation that is to be held at its command of that number, from 1. */
export interface Case {
  operation: Operation
  at: number
  scene: Scene
}

/** An operation may send a command more than when it was counted: a check that came late is made again. */
const SPARE = 2

/** A case for each command that the operations send, and some for after the last. */
export async function makeCases(
  world: CrashWorld,
  counter: Victim,
  operations: readonly Operation[],
): Promise<Case[]> {
  const cases: Case[] = []
  for (const operation of operations) {
    const count = await counter.count(operation, await world.makeScene())
    const scenes = await world.makeScenes(count + SPARE)
    cases.push(...scenes.map((scene, i) => ({ operation, at: i + 1, scene })))
  }
  return cases
}

/** Runs them all, each on a store of its own, until each is held at its command, or has ended. */
export async function holdAll(victim: Victim, cases: Case[]) {
  const runs = await Promise.all(
    cases.map(({ operation, at, scene }, i) =>
      victim.runUpTo(i, operation, scene, (number) => number === at),
    ),
  )
  const ended = runs.filter(({ isHeld }) => !isHeld()).length
  const operations = new Set(cases.map(({ operation }) => operation)).size
  /* Where one was counted with a command too many, it ends one earlier. */
  if (ended > operations * (SPARE + 1)) throw new Error(`${ended} operations ended before they were held`)
  return runs.map(({ heard }) => heard)
}
