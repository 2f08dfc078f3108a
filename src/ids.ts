import { randomBytes } from 'node:crypto'
import mongoose from 'mongoose'

export const ObjectId = mongoose.mongo.ObjectId
/** An interface, so that declarations name it by us, and not by a package that a bot need not see. */
export interface ObjectId extends mongoose.mongo.ObjectId {}

/** 24 hex characters, or an ObjectId of any copy of the `bson` package. */
export type Id = string | ObjectId

const PROCESS_PART = randomBytes(5)
const COUNTER_END = 0x1000000
let seconds = 0
let counter = randomBytes(3).readUIntBE(0, 3)

/**
 * A new ObjectId, greater than every one that this process made before. The driver's own generator is not:
 * its counter wraps round, and the clock may be set back. History breaks ties of time by this order.
 */
export function nextId(): ObjectId {
  const now = Math.floor(Date.now() / 1000)
  if (now > seconds) seconds = now
  if (++counter === COUNTER_END) {
    counter = 0
    seconds++
  }
  const bytes = Buffer.allocUnsafe(12)
  bytes.writeUInt32BE(seconds, 0)
  PROCESS_PART.copy(bytes, 4)
  bytes.writeUIntBE(counter, 9, 3)
  return new ObjectId(bytes)
}

/* The last one that was read: a bulk, or a turn, names one user again and again. */
let recent: { hex: string; id: ObjectId } | undefined

function fromHex(hex: string): ObjectId | undefined {
  if (hex === recent?.hex) return recent.id
  if (!/^[0-9a-f]{24}$/i.test(hex)) return undefined
  recent = { hex, id: ObjectId.createFromHexString(hex) }
  return recent.id
}

/** The same id as an ObjectId of our own `bson`, or undefined for anything that is not an id. */
export function toObjectId(value: unknown): ObjectId | undefined {
  if (typeof value === 'string') return fromHex(value)
  if (value instanceof ObjectId) return value
  if (typeof value !== 'object' || value === null) return undefined
  const { _bsontype, id } = value as { _bsontype?: unknown; id?: unknown }
  return _bsontype === 'ObjectId' && id instanceof Uint8Array && id.length === 12
    ? new ObjectId(id)
    : undefined
}
