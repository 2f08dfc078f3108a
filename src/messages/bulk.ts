import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Deadline } from '../db/attempt.ts'
import { toStoreError } from '../db/failure.ts'
import type { Room } from '../db/room.ts'
import { altered, type DialogueStoreError, invalidInput } from '../errors.ts'
import { glance } from '../input.ts'
import type { JsonObject } from '../json.ts'
import type { Accepted } from './accept.ts'
import { type Message, toMessage } from './schema.ts'
import type { Callbacks, Stored, Traveller } from './traveller.ts'

/** What became of one message of a bulk. */
export type StoreOutcome<M = JsonObject> =
  | { status: 'created' | 'duplicate'; message: Message<M> }
  | { status: 'rejected'; error: DialogueStoreError }

/** An input that holds what it should, and its size. */
export interface Sized extends Accepted {
  bytes: number
}

interface Gate {
  accept(input: unknown): Sized
  /** What finds out whether it fits into the capped collection, where that is not known. */
  doubt(accepted: Sized): Promise<void> | undefined
  enter(accepted: Sized, deadline: Deadline, callbacks: Callbacks): Traveller
  send(travellers: Traveller[]): void
  room: Room
  /** A new one. */
  deadline(): Deadline
}

/**
 * The messages of a bulk, as many as there are when it is given: the caller may use their array again.
 * @throws DialogueStoreError `INVALID_INPUT`
 */
export function toBulk(inputs: unknown): unknown[] {
  const bulk: unknown[] | undefined = glance(() => (Array.isArray(inputs) ? [...inputs] : undefined))
  if (!bulk) throw invalidInput([{ path: [], reason: 'must be an array of messages' }])
  return bulk
}

/** Of a bulk, what is sent before the rest is checked. */
const PART = { count: 500, bytes: 2 ** 20 }

/** Stores many messages. Where a single one would be refused for want of room, a bulk waits. */
export async function storeAll<M>({ accept, doubt, enter, send, room, deadline }: Gate, inputs: unknown[]) {
  const outcomes = new Array<StoreOutcome<M>>(inputs.length)
  let left = inputs.length
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const put = (index: number, outcome: StoreOutcome<M>) => {
    outcomes[index] = outcome
    if (--left === 0) finish()
  }
  let part: Traveller[] = []
  let bytesOfPart = 0
  let time = deadline()
  const depart = () => {
    send(part)
    part = []
    bytesOfPart = 0
    time = deadline()
  }

  for (const [index, input] of inputs.entries()) {
    const callbacks: Callbacks = {
      onStored: (stored) => put(index, toOutcome(stored)),
      onFailed: (error) => put(index, { status: 'rejected', error: ofItem(index, error) }),
    }
    try {
      const accepted = accept(input)
      const doubted = doubt(accepted)
      if (doubted) await doubted
      if (!room.has(accepted.bytes)) depart()
      while (!room.has(accepted.bytes)) {
        await room.until(accepted.bytes)
        time = deadline()
      }
      part.push(enter(accepted, time, callbacks))
      bytesOfPart += accepted.bytes
    } catch (error) {
      callbacks.onFailed(error)
    }
    if ((index + 1) % PART.count > 0 && bytesOfPart < PART.bytes) continue
    depart()
    /* Others have their turn. */
    await nextTurn()
  }
  depart()
  if (left > 0) await finished
  return outcomes
}

/** An item's error, with the item's index in its paths. */
export function ofItem(index: number, thrown: unknown): DialogueStoreError {
  const error = toStoreError(thrown)
  if (!error.issues) return error
  const issues = error.issues.map(({ path, reason }) => ({ path: [index, ...path], reason }))
  /* Our own sentence names the paths; it has to name the new ones. */
  return error.cause ? altered(error, { issues }) : invalidInput(issues)
}

export const toOutcome = <M>({ document, created }: Stored): StoreOutcome<M> => ({
  status: created ? 'created' : 'duplicate',
  message: toMessage(document),
})
