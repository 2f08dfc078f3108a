import { setTimeout as pause } from 'node:timers/promises'
import { ObjectId } from '../../../../src/ids.ts'
import { type DialogueStore, DialogueStoreError } from '../../../../src/index.ts'
import type { Conversation } from '../../../lib/conversations.ts'
import type { Random } from '../../../lib/random.ts'
import type { Attempt } from '../../part.ts'
import { differencesOf } from './differences.ts'
import { newPerson, type Person, type Said } from './person.ts'
import { type Persist, play } from './turns.ts'

const TURNS = 'turns of replayed conversations'
const CHECKS = 'everything of a person against the model'
const ERASURES = 'erasures, with their receipts'
const REPEATS = 'calls that ended in an error worth repeating, and were'

const MOST_MESSAGES = 400
const TURNS_BETWEEN_CHECKS = 25
const MOST_AT_ONCE = 5
const REST_MS = 20
/** Of each actor, though the world is over before. */
const LEAST_TURNS = 6

export interface World {
  attempt: Attempt
  /** Of several processes, as it were. */
  stores: DialogueStore[]
  /** Time is over, and there are samples enough to judge by. */
  isOver(): boolean
  /** One after the other, for ever. */
  nextConversation(): Conversation
  /** Called after each turn. */
  onTurn(): Promise<void>
  /** Called before somebody is held against the model. */
  onCheck(person: Person): Promise<void>
  /** Called before somebody is erased. */
  onFarewell(person: Person): Promise<void>
}

/** Plays one conversation after the other, as one person until they have said a lot, until the world is over. */
export async function act(world: World): Promise<void> {
  const { attempt, nextConversation } = world
  const { random } = attempt
  const persist = persistence(world)
  let turns = 0
  const isOver = () => world.isOver() && turns >= LEAST_TURNS
  const onTurn = () => {
    turns++
    return world.onTurn()
  }
  const stage = { ...world, persist, isOver, onTurn }
  while (!isOver()) {
    const person = await arrive(persist)
    do await converse(stage, person, nextConversation())
    while (!isOver() && person.messages.length < MOST_MESSAGES && random.below(3) > 0)
    await check(stage, person)
    await leave(stage, person)
  }
}

type Stage = World & { persist: Persist }

async function arrive(persist: Persist): Promise<Person> {
  const identity = { provider: 'telegram', id: new ObjectId().toHexString() }
  const { user } = await persist((store) => store.ensureUser(identity))
  return newPerson(user.id, identity)
}

async function converse(stage: Stage, person: Person, { messages }: Conversation): Promise<void> {
  const { attempt, persist, isOver, onTurn } = stage
  const { random, tally } = attempt
  const said = messages.flatMap(({ text, timestamp }): Said[] =>
    text ? [{ id: new ObjectId().toHexString(), sender: 'user', content: text, timestamp }] : [],
  )
  const isEnough = () => isOver() || said.length === 0 || person.messages.length >= MOST_MESSAGES
  for (let turns = 1; !isEnough(); turns++) {
    await play({ person, said: said.splice(0, 1 + random.below(MOST_AT_ONCE)), random, persist })
    tally.tried(TURNS)
    await onTurn()
    if (turns % TURNS_BETWEEN_CHECKS === 0) await check(stage, person)
  }
}

async function check({ attempt: { tally }, persist, onCheck }: Stage, person: Person): Promise<void> {
  await onCheck(person)
  tally.tried(CHECKS)
  for (const one of await persist((store) => differencesOf(store, person))) tally.lost(CHECKS, one)
}

async function leave({ attempt: { tally }, persist, onFarewell }: Stage, person: Person): Promise<void> {
  await onFarewell(person)
  const receipt = await persist((store) => store.deleteUser(person.id))
  tally.tried(ERASURES)
  const is = `${receipt.messages} messages, ${receipt.events} events`
  const mustBe = `${person.messages.length} messages, ${person.events.size} events`
  if (is !== mustBe) tally.lost(ERASURES, `${person.id}: the receipt has ${is}, not ${mustBe}`)
  const again = await persist((store) => store.findUser(person.identity))
  if (again) tally.lost(ERASURES, `${person.id} is still found by their identity`)
}

/** Repeats what is worth repeating, in whichever process, as webhooks are delivered again. */
function persistence({ stores, attempt: { random, tally } }: World): Persist {
  return async (call) => {
    for (;;) {
      try {
        return await call(random.pick(stores))
      } catch (error) {
        if (!(error instanceof DialogueStoreError && isWorthRepeating(error))) throw error
        tally.tried(REPEATS)
        await pause(restOf(random))
      }
    }
  }
}

const restOf = (random: Random): number => REST_MS * (1 + random.below(5))

/** Of a transaction whose end is unknown the store cannot say it: ours are made to be repeated. */
const isWorthRepeating = ({ retryable, outcome }: DialogueStoreError): boolean =>
  retryable || outcome === 'unknown'
