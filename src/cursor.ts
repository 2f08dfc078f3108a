import { invalidInput } from './errors.ts'
import { ObjectId } from './ids.ts'

/** A place in one user's history. `(timestamp, id)` is its order. */
export interface Position {
  timestamp: Date
  id: ObjectId
}

/*
 * A cursor is base64url of: version (1 byte), user id (12), timestamp in ms (8, float), message id (12).
 * The user id is there to refuse a cursor of somebody else's history; no query takes its user from a cursor.
 */
const VERSION = 1
const LENGTH = 33

/** What a cursor says, of any kind, behind its version. */
export const packed = (...parts: Uint8Array[]): string =>
  Buffer.concat([Buffer.from([VERSION]), ...parts]).toString('base64url')

/** Undefined: it is no cursor of this version with so many bytes, the version's included. */
export function unpacked(cursor: string, length: number): Buffer | undefined {
  const bytes = Buffer.from(cursor, 'base64url')
  const isValid = bytes.length === length && bytes[0] === VERSION && bytes.toString('base64url') === cursor
  return isValid ? bytes : undefined
}

export function encodeCursor(userId: ObjectId, { timestamp, id }: Position): string {
  const bytes = Buffer.allocUnsafe(LENGTH)
  bytes[0] = VERSION
  bytes.set(userId.id, 1)
  bytes.writeDoubleBE(timestamp.getTime(), 13)
  bytes.set(id.id, 21)
  return bytes.toString('base64url')
}

/** @throws DialogueStoreError `INVALID_INPUT` for anything that is not a cursor of this user's history */
export function decodeCursor(userId: ObjectId, cursor: string, name: string): Position {
  const path = ['options', name]
  const bytes = unpacked(cursor, LENGTH)
  const timestamp = new Date(bytes?.readDoubleBE(13) ?? Number.NaN)
  if (!bytes || Number.isNaN(timestamp.getTime())) {
    throw invalidInput([{ path, reason: 'is not a cursor of this version of the library' }])
  }
  if (!userId.id.every((byte, i) => byte === bytes[i + 1])) {
    throw invalidInput([{ path, reason: "is a cursor of another user's history" }])
  }
  return { timestamp, id: new ObjectId(bytes.subarray(21)) }
}

const MAX_PART = 2n ** 96n - 1n
const toHex = (part: bigint): ObjectId => ObjectId.createFromHexString(part.toString(16).padStart(24, '0'))

const at = (ms: number): Date | undefined => {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** The place just before: what is after it begins with the given place. None before the first that a Date can say. */
export function placeBefore({ timestamp, id }: Position): Position | undefined {
  const part = BigInt(`0x${id.toHexString()}`)
  if (part > 0n) return { timestamp, id: toHex(part - 1n) }
  const earlier = at(timestamp.getTime() - 1)
  return earlier && { timestamp: earlier, id: toHex(MAX_PART) }
}

/** The place just after: what is before it ends with the given place. None after the last that a Date can say. */
export function placeAfter({ timestamp, id }: Position): Position | undefined {
  const part = BigInt(`0x${id.toHexString()}`)
  if (part < MAX_PART) return { timestamp, id: toHex(part + 1n) }
  const later = at(timestamp.getTime() + 1)
  return later && { timestamp: later, id: toHex(0n) }
}
