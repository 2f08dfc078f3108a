import { bytesOf } from '../db/size.ts'
import { DialogueStoreError, invalidInput, versionConflict } from '../errors.ts'
import type { ObjectId } from '../ids.ts'
import { id, parse, versionOptions } from '../input.ts'
import type { ShapeCheck } from '../shape.ts'
import { type MessageDocument, type MessagePatch, messageKey, messagePatch } from './schema.ts'

export const messageNotFound = (): DialogueStoreError =>
  new DialogueStoreError(
    'MESSAGE_NOT_FOUND',
    'This user has no such message, or it was deleted or evicted. Find those there are with retrieveHistory().',
  )

/** What `getMessage` looks for. */
export function toKeyFilter(key: unknown) {
  const wanted = parse(messageKey, key, ['key'])
  return 'id' in wanted
    ? { _id: wanted.id }
    : { externalId: wanted.externalId, conversationId: wanted.conversationId ?? { $exists: false } }
}

/** A change of one message, checked as far as it can be without the message. */
export interface Edit {
  userId: ObjectId
  _id: ObjectId
  patch: MessagePatch
  ifVersion: number | undefined
}

/** What `updateMessage` is given: the user, the message, the patch and the options. */
export function toEdit(
  [user, messageId, change, options]: readonly unknown[],
  checkMetadata: ShapeCheck | undefined,
): Edit {
  const userId = parse(id, user, ['userId'])
  const _id = parse(id, messageId, ['messageId'])
  const patch = parse(messagePatch, change, ['patch'])
  const { ifVersion } = parse(versionOptions, options, ['options'])
  if (patch.metadata && checkMetadata) patch.metadata = checkMetadata(patch.metadata, ['patch', 'metadata'])
  bytesOf(patch)
  return { userId, _id, patch, ifVersion }
}

/**
 * The message as it will be: its place stays, its version rises.
 * @throws DialogueStoreError `VERSION_CONFLICT`; `INVALID_INPUT` where the rules of a new message are broken
 */
export function edited(
  message: MessageDocument,
  { patch, ifVersion }: Pick<Edit, 'patch' | 'ifVersion'>,
): MessageDocument {
  if (ifVersion !== undefined && ifVersion !== message.version)
    throw versionConflict(ifVersion, message.version)
  assertMeaningful(message, patch)
  const given = Object.entries(patch).filter(([, value]) => value !== undefined)
  const cleared = new Set(given.filter(([, value]) => value === null).map(([field]) => field))
  const kept = Object.entries(message).filter(([field]) => !cleared.has(field))
  const set = given.filter(([, value]) => value !== null)
  return {
    ...(Object.fromEntries([...kept, ...set]) as MessageDocument),
    version: message.version + 1,
    updatedAt: new Date(),
  }
}

function assertMeaningful(message: MessageDocument, patch: MessagePatch): void {
  if (patch.audio && message.type !== 'voice') {
    throw invalidInput([{ path: ['patch', 'audio'], reason: "is for messages of type 'voice'" }])
  }
  const content = patch.content ?? message.content
  const metadata = patch.metadata === undefined ? message.metadata : patch.metadata
  if (content === '' && message.type === 'text' && Object.keys(metadata ?? {}).length === 0) {
    throw invalidInput([
      { path: ['patch', 'content'], reason: 'may be empty only for voice, or with metadata' },
    ])
  }
}
