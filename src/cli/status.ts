import type { Retention } from '../config.ts'
import { commandLine } from '../db/command-line.ts'
import { DialogueStoreError } from '../errors.ts'
import { messageCollections } from '../messages/copies.ts'
import { createRetention, type StoredRetention } from '../messages/retention.ts'
import { findConversion } from '../migrations/convert/job.ts'
import { createHistory } from '../migrations/history.ts'
import { findPending, MIGRATIONS } from '../migrations/run.ts'
import { count, table } from './output.ts'
import type { Result, Task } from './task.ts'

type State = 'pending' | 'running' | 'interrupted' | 'applied' | 'unknown'

/** Every migration with its state and time, and how messages are kept. Changes nothing. */
export async function status({ database }: Task): Promise<Result> {
  const error = await findPending(database).then(
    () => undefined,
    (reason: unknown) => {
      if (reason instanceof DialogueStoreError && reason.code === 'MIGRATION_MISMATCH') return reason
      throw reason
    },
  )
  const [migrations, conversion, { live }] = await Promise.all([
    listMigrations({ database }),
    findConversion(database),
    messageCollections(database),
  ])
  const applied = migrations.some(({ state }) => state === 'applied')
  const retention = applied && live ? await createRetention(database).load() : null
  const lines = table(migrations.map(({ name, state, at }) => [name, state, at?.toISOString() ?? '']))
  if (retention) lines.push(`Messages are kept ${describe(retention)}.`)
  if (conversion) {
    const { to, copied } = conversion
    lines.push(
      `A conversion to ${to.kind} is unfinished: ${count(copied)} messages are copied. ` +
        `Go on with: ${commandLine(database, 'convert-retention', to)}`,
    )
  }
  const unfinished = conversion && pick(conversion)
  return { data: { migrations, retention, conversion: unfinished }, lines, ...(error && { error }) }
}

const pick = ({ to, startedAt, copied }: { to: Retention; startedAt: Date; copied: number }) => ({
  to,
  startedAt,
  copied,
})

async function listMigrations({ database }: Pick<Task, 'database'>) {
  const history = createHistory(database)
  const [records, busy] = await Promise.all([history.list(), history.busy()])
  const known = MIGRATIONS.map(({ name }): { name: string; state: State; at: Date | null } => {
    const record = records.find((one) => one.name === name)
    if (!record) return { name, state: 'pending', at: null }
    const state = record.state === 'applied' ? 'applied' : busy ? 'running' : 'interrupted'
    return { name, state, at: record.at }
  })
  const unknown = records
    .filter(({ name }) => !MIGRATIONS.some((migration) => migration.name === name))
    .map(({ name, at }) => ({ name, state: 'unknown' as const, at }))
  return [...known, ...unknown]
}

/** `capped: 1,073,741,824 bytes`. */
export function describe(retention: StoredRetention | Retention): string {
  const limits =
    retention.kind === 'capped'
      ? [
          retention.sizeBytes && `${count(retention.sizeBytes)} bytes`,
          retention.maxMessages && `${count(retention.maxMessages)} messages at most`,
        ]
      : [
          retention.maxAgeMs && `for ${count(retention.maxAgeMs / 1000)} seconds`,
          retention.maxPerUser && `${count(retention.maxPerUser)} of each user`,
        ]
  const given = limits.filter(Boolean)
  return given.length > 0 ? `${retention.kind}: ${given.join(', ')}` : `${retention.kind}, without a limit`
}
