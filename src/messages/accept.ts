import { nextId } from '../ids.ts'
import { parse } from '../input.ts'
import type { ShapeCheck } from '../shape.ts'
import { type MessageDocument, type NewMessage, newMessage } from './schema.ts'

/** The document of a new message: its input checked, its place in the order of this process taken. */
export function toDocument(input: unknown, checkMetadata: ShapeCheck | undefined): MessageDocument {
  const message: NewMessage = parse(newMessage, input)
  if (message.metadata && checkMetadata) message.metadata = checkMetadata(message.metadata)
  const now = new Date()
  const named = message.id !== undefined || typeof message.externalId === 'string'
  return {
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
    ...(named && { op: nextId() }),
  }
}
