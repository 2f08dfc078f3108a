import { ObjectId } from '../../../../src/ids.ts'
import type { DialogueStore } from '../../../../src/index.ts'
import type { Random } from '../../../lib/random.ts'
import { type Person, pendingOf, remember, type Said } from './person.ts'

/** Makes a call until it succeeds, each time to whichever process: as a platform delivers again. */
export type Persist = <T>(call: (store: DialogueStore) => Promise<T>) => Promise<T>

export interface Turn {
  person: Person
  /** What they say, in this order. */
  said: Said[]
  random: Random
  persist: Persist
}

/** What a bot does with what somebody says. The model changes when the store has said that it is done. */
type Kind = (turn: Turn) => Promise<void>

const deliveryOf = ({ id }: Person, said: Said) => ({
  ...said,
  userId: id,
  externalId: `delivery ${said.id}`,
})

const answerTo = ({ content, timestamp }: Said): Said => ({
  id: new ObjectId().toHexString(),
  sender: 'assistant',
  content: `You said: ${content}`,
  timestamp,
})

const contextAfter = ({ context }: Person, { content }: Said) => ({
  turns: (context.turns ?? 0) + 1,
  last: content,
})

const single: Kind = async ({ person, said, persist }) => {
  for (const one of said) {
    await persist((store) => store.storeMessage(deliveryOf(person, one)))
    remember(person, one)
  }
}

const bulk: Kind = async ({ person, said, persist }) => {
  await persist(async (store) => {
    const outcomes = await store.storeMessages(said.map((one) => deliveryOf(person, one)))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.error
  })
  remember(person, ...said)
}

const whole: Kind = async ({ person, said: [first, ...rest], random, persist }) => {
  if (!first) return
  const answer = answerTo(first)
  const states = { booking: `step ${random.below(5)}` }
  const context = contextAfter(person, first)
  await persist((store) =>
    store.withTransaction(async (tx) => {
      const { created } = await tx.storeMessage(deliveryOf(person, first))
      if (!created) return
      await tx.updateContext(person.id, (data) => ({ ...data, ...context }))
      await tx.updateUser(person.id, { states })
      await tx.storeMessage({ ...answer, userId: person.id })
    }),
  )
  remember(person, first, answer)
  Object.assign(person.states, states)
  person.context = context
  await single({ person, said: rest, random, persist })
}

const edited: Kind = async (turn) => {
  await single(turn)
  const { person, random, persist } = turn
  const one = random.pick(person.messages)
  const content = `${one.content.slice(0, 200)} (edited ${random.below(1000)})`
  await persist((store) => store.updateMessage(person.id, one.id, { content }))
  one.content = content
}

const removed: Kind = async (turn) => {
  await single(turn)
  const { person, random, persist } = turn
  const gone = random.shuffle(person.messages).slice(0, 2)
  await persist((store) => store.deleteMessages(person.id, { ids: gone.map(({ id }) => id) }))
  person.messages = person.messages.filter((one) => !gone.includes(one))
}

const planned: Kind = async (turn) => {
  await single(turn)
  const { person, random, persist } = turn
  const id = new ObjectId().toHexString()
  const summary = `Appointment ${random.below(1000)}`
  const start = new Date(Date.UTC(2030, random.below(12), 1 + random.below(28), random.below(24)))
  await persist((store) => store.storeEvent({ id, creatorId: person.id, summary, start }))
  person.events.set(id, { summary, status: 'confirmed' })
  const [other, event] = random.pick([...person.events])
  if (random.below(3) === 0) {
    await persist((store) => store.deleteEvent(other))
    person.events.delete(other)
  } else if (random.below(2) === 0) {
    await persist((store) => store.cancelEvent(other))
    event.status = 'cancelled'
  } else {
    await persist((store) => store.updateEvent(other, { summary: `${summary}, moved` }))
    event.summary = `${summary}, moved`
  }
}

/** Sums up what is pending, once it is ten. */
const summarised: Kind = async (turn) => {
  await single(turn)
  const { person, persist } = turn
  const last = person.messages.at(-1)
  if (!last || pendingOf(person).length < 10) return
  const context = contextAfter(person, last)
  await persist(async (store) => {
    const { cursor } = await store.getMessage(person.id, { id: last.id })
    await store.storeContext(person.id, context, { covers: cursor })
  })
  person.context = context
  person.covered = { ...last }
}

const KINDS: Kind[] = [single, single, single, bulk, whole, whole, edited, removed, planned, summarised]

export const play = (turn: Turn): Promise<void> => turn.random.pick(KINDS)(turn)
