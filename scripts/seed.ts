import { type Command, Option } from 'commander'
import { openStore, type Retention } from '../src/index.ts'
import { loadEnv } from './lib/env.ts'
import { createProgram, integer, run } from './lib/run.ts'
import { openRounds } from './seed/conversations.ts'
import { fill } from './seed/fill.ts'
import type { Plan } from './seed/plan.ts'
import { toJson, toText } from './seed/report.ts'
import { inspectTarget } from './seed/target.ts'

const MOST = 2 ** 32 - 1

const program: Command = createProgram(
  'seed',
  'Fills a database with users, messages, contexts and events: always the same ones for the same options.',
)
  .addOption(new Option('--uri <uri>', 'the replica set to fill').env('MONGODB_URI'))
  .option('--db <name>', "the database (default: the URI's)")
  .option('--prefix <prefix>', 'of the names of collections', 'dialogue_')
  .addOption(
    new Option('--source <source>', 'conversations of 2018, or made-up ones')
      .choices(['real', 'generated'])
      .default('real'),
  )
  .option('--users <n>', 'how many people', integer(1, 10_000_000), 200)
  .option(
    '--messages <n>',
    'how many messages, told again by other people when there are no more',
    integer(0, MOST),
    20_000,
  )
  .option('--random-seed <n>', 'another number gives other people and messages', integer(0, MOST), 1)
  .addOption(
    new Option('--retention <kind>', 'how messages are kept (default: as the database has it)').choices([
      'capped',
      'rolling',
    ]),
  )
  .option(
    '--size-bytes <n>',
    'the size of a capped message collection (default: 1 GiB)',
    integer(4096, 2 ** 50),
  )
  .option('--into-nonempty', 'also if the database holds something: needed to go on, or to run it again')
  .option('--json', 'the result as JSON')

interface Options extends Plan {
  uri?: string
  db?: string
  prefix: string
  retention?: 'capped' | 'rolling'
  sizeBytes?: number
  intoNonempty?: boolean
  json?: boolean
}

await run('seed', async (defer) => {
  loadEnv()
  const options = program.parse().opts<Options>()
  const { uri, db, prefix, source, users, messages, randomSeed } = options
  if (!uri) program.error('error: which server? Give --uri, or set MONGODB_URI (a file .env will do)')
  const retention = retentionOf(options)
  const { database, occupied } = await inspectTarget({ uri, prefix, ...(db && { db }) })
  if (occupied && !options.intoNonempty) throw new Error(refusal(database, occupied))
  const plan = { source, users, messages, randomSeed }
  const rounds = await openRounds(plan)
  const store = await openStore({ uri, dbName: database, prefix, ...(retention && { retention }) })
  defer(store.close)
  const filled = await fill(store, plan, rounds)
  const result = { database, prefix, plan, filled, stats: await store.stats() }
  process.stdout.write(options.json ? toJson(result) : toText(result))
})

function refusal(database: string, collection: string): string {
  return (
    `The database ${database} is not empty: ${collection} holds something. Choose another one with --db, ` +
    'or give --into-nonempty to add to what is there.'
  )
}

function retentionOf({ retention, sizeBytes }: Options): Retention | undefined {
  if (retention === 'rolling' && sizeBytes) program.error('error: --size-bytes is for capped retention')
  if (retention === 'rolling') return { kind: 'rolling' }
  return retention || sizeBytes ? { kind: 'capped', ...(sizeBytes && { sizeBytes }) } : undefined
}
