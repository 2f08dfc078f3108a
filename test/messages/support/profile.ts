import type mongoose from 'mongoose'

/** What the server's profiler says of one command. */
export interface Profiled {
  op: string
  /** The name of the command: `aggregate`. */
  name: string
  command: mongoose.mongo.Document
  keysExamined: number
  docsExamined: number
  planSummary: string
  hasSortStage: boolean
}

/** The commands that some work sends to a store's collections, as the profiler saw them. */
export async function profile(
  db: mongoose.mongo.Db,
  work: () => Promise<unknown>,
  collections = ['users', 'messages'],
): Promise<Profiled[]> {
  await db.command({ profile: 0 })
  await db.dropCollection('system.profile').catch(() => {})
  await db.command({ profile: 2 })
  try {
    await work()
  } finally {
    await db.command({ profile: 0 })
  }
  const namespaces = collections.map((name) => `${db.databaseName}.dialogue_${name}`)
  const found = await db
    .collection('system.profile')
    .find({ ns: { $in: namespaces } })
    .toArray()
  return found.map(({ op, command, keysExamined, docsExamined, planSummary, hasSortStage }) => ({
    op,
    name: Object.keys(command)[0] ?? op,
    command,
    keysExamined,
    docsExamined,
    planSummary,
    hasSortStage: hasSortStage === true,
  }))
}

/** Of an aggregation over users: what each of its lookups in the messages cost. */
export async function lookupsOf(db: mongoose.mongo.Db, { command }: Profiled) {
  const { aggregate, pipeline } = command
  const explained = await db.command({
    explain: { aggregate, pipeline, cursor: {} },
    verbosity: 'executionStats',
  })
  const stages: mongoose.mongo.Document[] = explained.stages ?? []
  return stages
    .filter((stage) => stage.$lookup)
    .map((stage) => ({
      as: String(stage.$lookup.as),
      keys: Number(stage.totalKeysExamined),
      docs: Number(stage.totalDocsExamined),
      scans: Number(stage.collectionScans),
    }))
}
