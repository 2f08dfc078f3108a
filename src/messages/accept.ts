import { nextId } from '../ids.ts'
import { parse } from '../input.ts'
import type { ShapeCheck } from '../shape.ts'
import { type MessageDocument, type NewMessage, newMessage } from './schema.ts'

/** A new message, checked, with its place in the order of this process. */
export interface Accepted {
  document: MessageDocument
  /** Its caller chose its id: another call may store another message under it. */
  isChosen: boolean
}

export function accept(input: unknown, checkMetadata: ShapeCheck | undefined): Accepted {
  const message: NewMessage = parse(newMessage, input)
  if (message.metadata && checkMetadata) message.metadata = checkMetadata(message.metadata, ['metadata'])
  const now = new Date()
  const isChosen = message.id !== undefined
  const document: MessageDocument = {
    _id: message.id ?? nextId(),
    userId: message.userId,
    timestamp: message.timestamp ?? now,
    sender: message.sender,
    type: message.type,
    content: message.content,
    ...(typeof message.conversationId === 'string' && { conversationId: message.conversationId }),
    ...(typeof message.externalId === 'string' && { externalId: message.externalId }),
    ...(message.audio && { audio: message.audio }),
    ...(message.metadata && { metadata: message.metadata }),
    version: 1,
    createdAt: now,
    ...((isChosen || typeof message.externalId === 'string') && { op: nextId() }),
  }
  return { document, isChosen }
}
