import type { Database } from '../db/database.ts'
import { requireMigrated } from '../migrations/run.ts'
import { checkCalendar } from './calendar.ts'
import { checkConversions } from './conversions.ts'
import { checkDocuments } from './documents.ts'
import { checkEntries } from './entries.ts'
import { checkErasures } from './erasures.ts'
import { checkExternalIds } from './external-ids.ts'
import type { Area, Finding, Scan, ScanProgress } from './finding.ts'
import { checkOrphans } from './orphans.ts'
import { checkStructure } from './structure.ts'
import { createTools } from './tools.ts'

export interface CheckOptions {
  database: Database
  /** Repair what is safe to repair. Default: only look. */
  fix?: boolean
  /** Ends the check with its reason. */
  signal?: AbortSignal
  progress?: ScanProgress
}

/**
 * In this order: collections and indexes help to find the rest; an erasure that is finished leaves no orphans; an
 * orphaned entry must not be settled; and what is settled is looked at like all other documents.
 */
const AREAS: Area[] = [
  checkStructure,
  checkConversions,
  checkErasures,
  checkOrphans,
  checkEntries,
  checkCalendar,
  checkDocuments,
  checkExternalIds,
]

const SILENT: ScanProgress = { begin: () => {}, looked: () => {} }

/**
 * Looks through a database for what the store never leaves behind, unless somebody else has written to it or a
 * process died in the middle of something. Bots may run meanwhile: what they have under way is no finding, and a
 * repair looks again before it changes anything. Memory is flat, whatever there is and whatever is found.
 * @throws DialogueStoreError `MIGRATION_PENDING`, `MIGRATION_MISMATCH` when the database is not of this version
 */
export async function* check({
  database,
  fix = false,
  signal,
  progress = SILENT,
}: CheckOptions): AsyncGenerator<Finding> {
  await requireMigrated(database)
  const tools = await createTools(database)
  const scan: Scan = { database, tools, fix, signal, progress }
  for (const area of AREAS) yield* area(scan)
}
