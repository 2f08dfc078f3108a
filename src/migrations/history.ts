import { setTimeout as sleep } from 'node:timers/promises'
import type { Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { codeOf, DUPLICATE_KEY } from '../db/failure.ts'
import { DialogueStoreError } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { META } from '../meta.ts'

/** One migration that ran, or is running: the row is written first, so that it is never unknown what ran. */
export interface MigrationRecord {
  name: string
  state: 'running' | 'applied'
  at: Date
}

type Row = { _id: string } & Partial<MigrationRecord> & { owner?: ObjectId; until?: Date }

const PREFIX = 'migration:'
const LEASE = 'lease'
const LEASE_MS = 15_000
const POLL_MS = 100

export interface MigrationHistory {
  /** By name, which is their order. */
  list(): Promise<MigrationRecord[]>
  record(name: string, state: MigrationRecord['state']): Promise<void>
  forget(name: string): Promise<void>
  /**
   * Runs work while nobody else does; waits for others. The lease is on the server's clock, renewed while work
   * runs, and expires with its process.
   * @throws DialogueStoreError `TIMEOUT` when others hold it to the end of the deadline
   */
  exclusively<T>(deadline: Deadline, work: () => Promise<T>): Promise<T>
}

export function createHistory(database: Database): MigrationHistory {
  const rows = database.internal<Row>(META)

  async function claim(owner: ObjectId): Promise<boolean> {
    const mine = {
      $or: [{ $eq: ['$owner', owner] }, { $lt: [{ $ifNull: ['$until', new Date(0)] }, '$$NOW'] }],
    }
    const until = { $add: ['$$NOW', LEASE_MS] }
    const set = { owner: { $cond: [mine, owner, '$owner'] }, until: { $cond: [mine, until, '$until'] } }
    const row = await rows
      .findOneAndUpdate({ _id: LEASE }, [{ $set: set }], { upsert: true, returnDocument: 'after' })
      .catch((error: unknown) => {
        if (codeOf(error) === DUPLICATE_KEY) return null
        throw error
      })
    return row?.owner?.equals(owner) ?? false
  }

  return {
    async list() {
      const found = await rows
        .find({ _id: { $regex: `^${PREFIX}` } })
        .sort({ _id: 1 })
        .toArray()
      return found.map(({ _id, state = 'applied', at = new Date(0) }) => ({
        name: _id.slice(PREFIX.length),
        state,
        at,
      }))
    },
    async record(name, state) {
      await rows.updateOne({ _id: PREFIX + name }, { $set: { state, at: new Date() } }, { upsert: true })
    },
    async forget(name) {
      await rows.deleteOne({ _id: PREFIX + name })
    },
    async exclusively(deadline, work) {
      const owner = nextId()
      while (!(await claim(owner))) {
        if (deadline.remaining() === 0) throw busy()
        await sleep(POLL_MS)
      }
      const renewal = setInterval(() => void claim(owner).catch(() => {}), LEASE_MS / 3)
      try {
        return await work()
      } finally {
        clearInterval(renewal)
        await rows.deleteOne({ _id: LEASE, owner }).catch(() => {})
      }
    },
  }
}

const busy = () =>
  new DialogueStoreError(
    'TIMEOUT',
    'Another process is migrating this database. Repeat the call when it is done.',
  )
