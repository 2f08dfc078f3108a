import { setTimeout as sleep } from 'node:timers/promises'
import { attempt, type Deadline } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { renewLease, takeLease } from '../db/lease.ts'
import { inTransaction } from '../db/transaction.ts'
import { DialogueStoreError } from '../errors.ts'
import { nextId, type ObjectId } from '../ids.ts'
import { BOOKS, META } from '../meta.ts'

/** One migration that ran, or is running: the row is written first, so that it is never unknown what ran. */
export interface MigrationRecord {
  name: string
  state: 'running' | 'applied'
  at: Date
}

type Row = { _id: string } & Partial<MigrationRecord> & { owner?: ObjectId; until?: Date }

const PREFIX = 'migration:'
const LEASE = 'lease'
const LEASE_MS = 6000
const POLL_MS = 100
/** More than there are migrations: what is somebody else's shows among so many. */
const MOST = 1000

/** The right to change the database's shape, as long as its process lives. */
export interface Lease {
  /** @throws DialogueStoreError `TIMEOUT` when another process has it now: this one was frozen too long, and must stop */
  check(): Promise<void>
  /**
   * Deletes all that is written down, while the lease is held: in one transaction, since the database may be somebody's
   * new one by the time at which a process wakes up.
   * @throws DialogueStoreError `TIMEOUT` likewise
   */
  forgetAll(): Promise<void>
}

export interface Turn {
  deadline: Deadline
  /** Ends the waiting with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called once if others have to be waited for. */
  onWait?: (() => void) | undefined
}

export interface MigrationHistory {
  /** By name, which is their order. */
  list(): Promise<MigrationRecord[]>
  /** The same, and whether the collection holds what is not ours. */
  look(): Promise<{ records: MigrationRecord[]; foreign: boolean }>
  record(name: string, state: MigrationRecord['state']): Promise<void>
  /** As running. One that is applied stays so: somebody else was faster. */
  begin(name: string): Promise<void>
  /** One that is running: what is applied is somebody else's. */
  forget(name: string): Promise<void>
  /** Whether somebody has the lease now. */
  busy(): Promise<boolean>
  /**
   * Runs work while nobody else does; waits for others. The lease is on the server's clock, renewed while work
   * runs, and expires with its process.
   * @throws DialogueStoreError `TIMEOUT` when others hold it to the end of the deadline
   */
  exclusively<T>(turn: Turn, work: (lease: Lease) => Promise<T>): Promise<T>
}

export function createHistory(database: Database): MigrationHistory {
  const rows = database.internal<Row>(META)
  /** Also tells whether it is still ours: somebody may have had it, and given it back, while this process was frozen. */
  const renew = (owner: ObjectId, deadline = database.deadline()): Promise<boolean> =>
    attempt(deadline, 'write', (terms) => renewLease(rows, LEASE, owner, LEASE_MS, terms))

  async function waitFor(owner: ObjectId, { deadline, signal, onWait }: Turn): Promise<void> {
    for (let round = 0; !(await takeLease(rows, LEASE, owner, LEASE_MS)); round++) {
      if (deadline.remaining() === 0) throw busy()
      if (round === 0) onWait?.()
      await sleep(POLL_MS)
      signal?.throwIfAborted()
    }
  }

  async function look() {
    const found = await rows
      .find({ _id: { $nin: BOOKS } }, { projection: { state: 1, at: 1 } })
      .sort({ _id: 1 })
      .limit(MOST)
      .toArray()
    const ours = found.filter(({ _id }) => String(_id).startsWith(PREFIX))
    const records = ours.map(({ _id, state = 'applied', at = new Date(0) }) => ({
      name: _id.slice(PREFIX.length),
      state,
      at,
    }))
    return { records, foreign: ours.length < found.length }
  }

  return {
    look,
    list: async () => (await look()).records,
    async record(name, state) {
      /* What has no record any more was taken down meanwhile. */
      const upsert = state === 'running'
      await rows.updateOne({ _id: PREFIX + name }, [{ $set: { state, at: '$$NOW' } }], { upsert })
    },
    async begin(name) {
      const applied = { $eq: ['$state', 'applied'] }
      const state = { $cond: [applied, '$state', 'running'] }
      const at = { $cond: [applied, '$at', '$$NOW'] }
      await rows.updateOne({ _id: PREFIX + name }, [{ $set: { state, at } }], { upsert: true })
    },
    async forget(name) {
      await rows.deleteOne({ _id: PREFIX + name, state: 'running' })
    },
    async busy() {
      return (await rows.findOne({ _id: LEASE, $expr: { $gt: ['$until', '$$NOW'] } })) !== null
    },
    async exclusively(turn, work) {
      const owner = nextId()
      await waitFor(owner, turn)
      const renewal = setInterval(() => void renew(owner).catch(() => {}), LEASE_MS / 3)
      const check = async (deadline = database.deadline()) => {
        if (!(await renew(owner, deadline))) throw lost()
      }
      const forgetAll = () =>
        inTransaction(database, database.deadline(), async (inside) => {
          await check(inside)
          await attempt(inside, 'write', (terms) => rows.deleteMany({ _id: { $ne: LEASE } }, terms))
        })
      try {
        return await work({ check, forgetAll })
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

const lost = () =>
  new DialogueStoreError(
    'TIMEOUT',
    'Another process has gone on with this, as this one did not answer for a while. Look at the status.',
  )
