import { bytesOfName, type Name } from '../lib/name-bytes.ts'

/** What is put into the database. The same plan gives the same documents, with the same ids. */
export interface Plan {
  source: 'real' | 'generated'
  users: number
  messages: number
  randomSeed: number
}

/** Bytes that look random, and are always the same for a plan and a name in it. */
export const bytesOf = ({ source, users, messages, randomSeed }: Plan, ...name: Name): Buffer =>
  bytesOfName(source, users, messages, randomSeed, ...name)

/** A number from 0 to below the limit. */
export const numberOf = (limit: number, plan: Plan, ...name: Name): number =>
  bytesOf(plan, ...name).readUInt32BE() % limit

/**
 * Ids for documents of a kind: time, plan, number. So ids of a plan are in the order of time and number, which
 * keeps indexes small, and another plan's are others.
 */
export function createIds(plan: Plan, kind: string): (time: Date, n: number) => string {
  const id = Buffer.alloc(12)
  bytesOf(plan, kind).copy(id, 4, 0, 4)
  return (time, n) => {
    id.writeUInt32BE(Math.floor(time.getTime() / 1000), 0)
    id.writeUInt32BE(n, 8)
    return id.toString('hex')
  }
}
