import { ObjectId } from '../ids.ts'
import type { MessageDocument, SeenDocument } from './schema.ts'

export type Named = Pick<MessageDocument, 'userId' | 'conversationId' | 'externalId'>

/** A message, and what names it. */
export type Identified = Named & Pick<MessageDocument, '_id'>

/** One key for user, conversation and external id; a user's keys are one range. */
export const seenKey = ({ userId, conversationId, externalId }: Named): string =>
  `${userId.toHexString()}:${JSON.stringify([conversationId ?? null, externalId])}`

export const isOn = ({ flights = [] }: SeenDocument, flight: ObjectId): boolean =>
  flights.some((one) => one.equals(flight))

export const userOf = ({ _id }: SeenDocument): ObjectId => ObjectId.createFromHexString(_id.slice(0, 24))

/** What an earlier delivery made of an external id. */
export interface Earlier {
  /** The message's id, for whoever has to insert it. */
  messageId: ObjectId
  /** It was inserted once, and is not inserted again, even if it is gone by now. */
  stored: boolean
  message: MessageDocument | undefined
  /** Batches that may still insert it. */
  flights: ObjectId[]
}

/** The message of a claim, which is its user's. */
export function ofClaim(
  there: Map<string, MessageDocument>,
  claim: SeenDocument,
): MessageDocument | undefined {
  const message = there.get(claim.messageId.toHexString())
  return message?.userId.equals(userOf(claim)) ? message : undefined
}

/** An id that a caller chose may be the id of another user's message: under it, nothing can be stored. */
export const isVoid = (there: Map<string, MessageDocument>, claim: SeenDocument): boolean =>
  claim.flights !== undefined && there.has(claim.messageId.toHexString()) && !ofClaim(there, claim)

/** @param landed of the claim's flights, those that have landed */
export function toEarlier(
  { messageId, flights = [] }: SeenDocument,
  message: MessageDocument | undefined,
  landed: Set<string>,
): Earlier {
  const hasLanded = flights.some((flight) => landed.has(flight.toHexString()))
  return { messageId, message, stored: flights.length === 0 || hasLanded, flights }
}
