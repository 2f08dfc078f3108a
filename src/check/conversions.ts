import { commandLine } from '../db/command-line.ts'
import { messageCollections, type Named } from '../messages/copies.ts'
import { messages } from '../messages/schema.ts'
import { findConversion } from '../migrations/convert/job.ts'
import { createHistory } from '../migrations/history.ts'
import { type Finding, type Found, type Scan, tell } from './finding.ts'

/** Copies of messages that no conversion of retention goes on with: what is deleted from now on stays in them. */
export async function* checkConversions(scan: Scan): AsyncGenerator<Finding> {
  const first = await copiesLeft(scan)
  if (first.length === 0) return
  /* One that ended meanwhile, or was begun, is under way. */
  const known = new Set(first.map(({ uuid }) => uuid))
  const left = (await copiesLeft(scan)).filter(({ uuid }) => known.has(uuid))
  const conversion = await findConversion(scan.database)
  const to = conversion?.to ?? { kind: scan.tools.retention.current().kind }
  const detail = `run ${commandLine(scan.database, 'convert-retention', to)}`
  const found = left.map(
    ({ name }): Found => ({
      kind: 'conversion-left',
      collection: messages.collection,
      id: name.slice(scan.database.prefix.length),
      detail,
    }),
  )
  yield* tell(scan, found)
}

/** None while somebody converts, or migrates. */
async function copiesLeft({ database }: Scan): Promise<Named[]> {
  const { copies } = await messageCollections(database)
  return copies.length > 0 && (await createHistory(database).busy()) ? [] : copies
}
