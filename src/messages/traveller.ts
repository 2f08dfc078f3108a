import { type Deadline, LONGEST_PAUSE_MS } from '../db/attempt.ts'
import { timedOut, toStoreError, withOutcome } from '../db/failure.ts'
import type { Passenger } from '../db/lane.ts'
import { type DialogueStoreError, notRepeatable, userNotFound } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import type { MessageDocument } from './schema.ts'

export interface Stored {
  document: MessageDocument
  created: boolean
}

/** Called once, by what becomes of a message. */
export interface Callbacks {
  onStored(stored: Stored): void
  onFailed(error: unknown): void
}

interface Trip {
  message: MessageDocument
  bytes: number
  isChosen: boolean
  deadline: Deadline
  callbacks: Callbacks
  /** Gives back the bytes that it took. */
  leave(bytes: number): void
}

/**
 * A message on its way, and the caller who waits for it. What it is told a second time does nothing. A class, since
 * a bulk makes thousands, and functions of its own for each would double what there is to collect.
 */
export class Traveller implements Passenger {
  readonly count = 1
  readonly message: MessageDocument
  /** The `_id` that it came with: a claim may give it another. */
  readonly ownId: ObjectId
  readonly bytes: number
  /** Its caller chose its id. */
  readonly isChosen: boolean
  readonly deadline: Deadline
  /** It was sent, and may have been stored. */
  isUnsure = false
  #callbacks: Callbacks | undefined
  readonly #leave: Trip['leave']

  constructor({ message, bytes, isChosen, deadline, callbacks, leave }: Trip) {
    this.message = message
    this.ownId = message._id
    this.bytes = bytes
    this.isChosen = isChosen
    this.deadline = deadline
    this.#callbacks = callbacks
    this.#leave = leave
  }

  resolve(stored: Stored): void {
    this.#leaveOnce()?.onStored(stored)
  }

  reject(error: unknown): void {
    this.#leaveOnce()?.onFailed(error)
  }

  #leaveOnce(): Callbacks | undefined {
    const callbacks = this.#callbacks
    this.#callbacks = undefined
    if (callbacks) this.#leave(this.bytes)
    return callbacks
  }
}

/** Who go together: on one flight, or without external ids. */
export interface Group extends Passenger {
  readonly travellers: Traveller[]
  /** The batch that their external ids are claimed for: see `Claims`. */
  readonly flight: ObjectId | undefined
}

/** It goes by the id of another call's claim. */
export const isJoined = ({ ownId, message }: Traveller): boolean => !ownId.equals(message._id)
/** Another call may know the id, which its own caller chose, or another one. */
export const isContested = (traveller: Traveller): boolean => traveller.isChosen || isJoined(traveller)
export const isNamed = ({ message }: Traveller): boolean => message.externalId !== undefined

export const toGroup = (travellers: Traveller[], flight?: ObjectId): Group => ({
  travellers,
  flight,
  count: travellers.length,
  bytes: travellers.reduce((sum, { bytes }) => sum + bytes, 0),
  reject(error) {
    for (const traveller of travellers) traveller.reject(error)
  },
})

export const messagesOf = (travellers: Traveller[]): MessageDocument[] =>
  travellers.map(({ message }) => message)

export const usersOf = (travellers: Traveller[]): Map<string, ObjectId> =>
  new Map(travellers.map(({ message }) => [message.userId.toHexString(), message.userId]))

/** Refuses messages of users who don't exist; gives the rest. */
export function refuse(travellers: Traveller[], missing: Set<string>): Traveller[] {
  if (missing.size === 0) return travellers
  return travellers.filter((traveller) => {
    if (!missing.has(traveller.message.userId.toHexString())) return true
    traveller.reject(userNotFound())
    return false
  })
}

/** Tells those whose time is over, before they leave; gives the rest. */
export function inTime(travellers: Traveller[]): Traveller[] {
  const hasTime = ({ deadline }: Traveller) => deadline.remaining() > 0
  if (travellers.every(hasTime)) return travellers
  for (const traveller of travellers) if (!hasTime(traveller)) fail(traveller, timedOut('not-applied'))
  return travellers.filter(hasTime)
}

/**
 * Tells those whose time is over when the batch has failed. A batch has the time of the one who has the least.
 * @returns those who have time to go on, if it may be better without the others
 */
export function patientAmong(travellers: Traveller[], error: unknown): Traveller[] {
  const failure = toStoreError(error)
  const isPatient = ({ deadline }: Traveller) => deadline.remaining() > LONGEST_PAUSE_MS
  const patient = failure.retryable ? travellers.filter(isPatient) : []
  const goingOn = new Set(patient.length < travellers.length ? patient : [])
  for (const traveller of travellers) if (!goingOn.has(traveller)) fail(traveller, failure)
  return [...goingOn]
}

function fail(traveller: Traveller, failure: DialogueStoreError): void {
  const told = withOutcome(failure, traveller.isUnsure ? 'unknown' : 'not-applied')
  traveller.reject(traveller.message.op ? told : notRepeatable(told))
}

export const earliest = (travellers: Traveller[]): Deadline =>
  travellers.map(({ deadline }) => deadline).reduce((a, b) => (b.remaining() < a.remaining() ? b : a))
