import { setTimeout as pause } from 'node:timers/promises'
import type { Attempt, Part } from '../../part.ts'
import type { Deck } from './deck.ts'
import { FAILURES } from './failures.ts'
import { type Field, openField } from './field.ts'
import { attemptOnce, type Card, type Trial } from './judge.ts'
import { honest, MEDDLERS, PLANTED } from './plants.ts'
import { createTable, type Table } from './table.ts'

const LEFT = 'nothing is left open, or behind'
/** Trials between two looks at what is left. */
const LOOK_EVERY = 200
/** Most of a trial is waiting: what goes on for long has several servers at last, each begun so long after another. */
const MOST_FIELDS = 5
const NEXT_FIELD_MS = 20_000
/** A command may not come the first time: what is sent depends on what others have done meanwhile. */
const TRIES = 3

export const failpoints: Part = {
  name: 'failpoints',
  about: 'fails each command that the library sends, in each way in which a server can fail it',
  /* For all of it, once, on two cores. */
  minutes: 100,
  plants: {
    silent: 'an operation is said to be done that is not',
    half: 'a turn is said to be done of which a part is missing',
    untyped: 'an error is no DialogueStoreError',
  },
  run,
}

async function run(attempt: Attempt): Promise<void> {
  const { over, random, plant, defer } = attempt
  const first = await openField(defer)
  const names = first.courses.map(({ name }) => name).filter((name) => !plant || name.startsWith(PLANTED))
  const table = createTable(plant ? FAILURES.slice(0, 1) : FAILURES, names, random)

  async function workOnMore(more: number): Promise<void> {
    await pause(NEXT_FIELD_MS, undefined, { signal: over }).catch(() => {})
    if (over.aborted || more === 0) return
    const field = await openField(defer)
    await Promise.all([workOn(field, table, attempt), workOnMore(more - 1)])
  }

  await Promise.all([workOn(first, table, attempt), workOnMore(plant ? 0 : MOST_FIELDS - 1)])
}

async function workOn(field: Field, table: Table, { over, plant, tally }: Attempt): Promise<void> {
  for (let trials = 1; !over.aborted || !table.isTried(); trials++) {
    const { deck, card } = await table.draw(field)
    const trial = await tryOut(field, card, plant)
    if (trial) enter(tally, deck, card, trial)
    else deck.missed()
    if (trials % LOOK_EVERY === 0) await lookAt(field, tally)
  }
  if (!plant) await lookAt(field, tally)
}

/** Undefined: its command never came. */
async function tryOut(field: Field, card: Card, plant: string | undefined): Promise<Trial | undefined> {
  const meddle = MEDDLERS[plant ?? ''] ?? honest
  for (let tries = 0; tries < TRIES; tries++) {
    const trial = await attemptOnce(field, card, meddle)
    if (trial.isMet || plant) return trial
  }
  return undefined
}

function enter(tally: Attempt['tally'], deck: Deck, card: Card, { succeeded, complaints }: Trial): void {
  const { name } = card.failure
  tally.tried(name)
  deck.score(succeeded)
  for (const complaint of complaints) tally.lost(name, `${titleOf(card)}: ${complaint}`)
  tally.remark(name, deck.summary())
}

/** What failed, so that a maintainer finds it. */
function titleOf({ name, trap: { at, way, times } }: Card): string {
  const how = way === 'reply lost' ? way : JSON.stringify(way)
  return `${name}, ${at.name} ${at.collection ?? ''} no. ${at.number}, ${how}, ${times} times`
}

async function lookAt(field: Field, tally: Attempt['tally']): Promise<void> {
  for (const left of await field.leftovers()) {
    tally.tried(LEFT)
    for (const one of left) tally.lost(LEFT, one)
  }
}
