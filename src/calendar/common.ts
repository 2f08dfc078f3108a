import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { nextId } from '../ids.ts'
import { type CalendarMeta, META } from '../meta.ts'
import type { SyncConfig } from './options.ts'

export interface Common {
  store: string
  since: Date
}

/** What all syncs of a database have in common: written down by the first one, when it is first needed. */
export function createCommon(database: Database, { since, calendar }: SyncConfig) {
  const meta = database.internal<CalendarMeta>(META)
  let known: Promise<Common> | undefined

  async function read(): Promise<Common> {
    const first = {
      store: { $ifNull: ['$store', nextId().toHexString()] },
      since: since ?? { $ifNull: ['$since', '$$NOW'] },
      isEach: { $or: ['$isEach', typeof calendar === 'function'] },
    }
    const found = await attempt(database.deadline(), 'write', (terms) =>
      meta.findOneAndUpdate({ _id: 'calendar' }, [{ $set: first }], {
        ...{ upsert: true, returnDocument: 'after' },
        ...terms,
      }),
    )
    return { store: found?.store ?? '', since: found?.since ?? new Date() }
  }

  return (): Promise<Common> => {
    known ??= read().catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }
}
