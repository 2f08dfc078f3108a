import { InvalidArgumentError, Option } from 'commander'
import { DialogueStoreError, openStore } from '../src/index.ts'
import { identity, timezone } from '../src/users/schema.ts'
import { UsageError } from './import/faults.ts'
import { openSource, type SourceOptions } from './import/open.ts'
import { SOURCES } from './import/recognise.ts'
import { createCapWatch, toJson, toText } from './import/report.ts'
import { createTally, isComplete } from './import/tally.ts'
import { storeTarget, trialTarget } from './import/target.ts'
import { transfer } from './import/transfer.ts'
import { DATE_ORDERS } from './import/whatsapp/header.ts'
import { createWriter } from './import/writer.ts'
import { connectDriver } from './lib/driver.ts'
import { loadEnv } from './lib/env.ts'
import { createProgress, type Progress } from './lib/progress.ts'
import { createProgram, type Defer, run } from './lib/run.ts'

const program = createProgram(
  'import',
  "Takes over users and their messages from elsewhere: a file of Django's dumpdata, Telegram Desktop's result.json, a " +
    'chat that WhatsApp has exported, or chat histories of LangChain. Run again, it adds what is new.',
)
  .argument('<file>', 'the file; for histories of LangChain in MongoDB, the URI of their database')
  .addOption(new Option('--from <source>', 'what it is (default: as it begins)').choices(SOURCES))
  .addOption(new Option('--uri <uri>', 'the replica set to fill').env('MONGODB_URI'))
  .option('--db <name>', "the database (default: the URI's)")
  .option('--prefix <prefix>', 'of the names of collections', 'dialogue_')
  .option('--dry-run', 'reads everything, says what would happen, and stores nothing')
  .option(
    '--me <name>',
    'who the bot is: a name in a chat of WhatsApp; the from_id (user123) or name in Telegram',
  )
  .option('--user <provider:id>', 'WhatsApp: how the bot reaches the other one of a chat', toIdentity)
  .option('--conversation <id>', 'WhatsApp: what the chat is called in the store; needed for a group')
  .addOption(new Option('--date-order <order>', 'WhatsApp: if the file does not tell').choices(DATE_ORDERS))
  .option(
    '--timezone <zone>',
    "of times that name none, as in a chat of WhatsApp (default: the system's)",
    toTimezone,
  )
  .option(
    '--provider <name>',
    'of identities: of LangChain (default: langchain) or WhatsApp (default: whatsapp-export)',
  )
  .option('--collection <name>', 'LangChain: where in the database (default: message_store)')
  .option('--json', 'the result as JSON')

interface Options extends SourceOptions {
  uri?: string
  db?: string
  prefix: string
  dryRun?: boolean
  json?: boolean
}

const AGAIN = 'Run the same command again, and it goes on from here.'
/** A server may have better to do: nobody waits for an import. */
const PATIENCE_MS = 300_000

await run('import', work, `. ${AGAIN}`)

async function work(defer: Defer): Promise<void> {
  loadEnv()
  const [path = ''] = program.parse().args
  const { uri, db, prefix, dryRun, json, ...options } = program.opts<Options>()
  if (!uri && !dryRun)
    program.error('error: which server? Give --uri, or set MONGODB_URI (a file .env will do)')
  const { begin, stop, signal } = createWatch(defer)
  const began = performance.now()
  try {
    const source = await openSource(path, options, { begin, defer })
    const target = uri && !dryRun ? await openTarget({ uri, db, prefix }, defer) : undefined
    const tally = createTally()
    const writer = createWriter(target ? storeTarget(target.store) : trialTarget, tally)
    const onItem = target ? createCapWatch(target.before, tally) : () => {}
    const fault = await transfer(source.items, writer, { signal, onItem })
    stop()
    const seconds = (performance.now() - began) / 1000
    const into = target && { ...target, prefix, after: await target.store.stats() }
    const result = { source: source.name, tally, seconds, ...(into && { target: into }) }
    process.stdout.write(json ? toJson(result) : toText(result))
    if (fault) throw fault
    if (!isComplete(tally)) process.exitCode = 1
  } catch (error) {
    stop()
    if (error instanceof UsageError) program.error(`error: ${error.message}`)
    if (error instanceof DialogueStoreError && error.retryable) throw new Error(`${error.message} ${AGAIN}`)
    throw error
  }
}

/** Shows how far reading has got, and ends with Ctrl-C. */
function createWatch(defer: Defer) {
  const controller = new AbortController()
  let progress: Progress | undefined
  defer(async () => controller.abort())
  return {
    signal: controller.signal,
    begin(total: number, unit: string) {
      const begun = createProgress({ total, label: 'Reading', unit })
      progress = begun
      return begun.add
    },
    stop() {
      progress?.stop()
      progress = undefined
    },
  }
}

async function openTarget(
  { uri, db, prefix }: { uri: string; db: string | undefined; prefix: string },
  defer: Defer,
) {
  const client = await connectDriver(uri)
  const database = client.db(db).databaseName
  await client.close()
  const store = await openStore({ uri, dbName: database, prefix, timeoutMs: PATIENCE_MS })
  defer(store.close)
  return { store, database, before: await store.stats() }
}

function toIdentity(text: string) {
  const at = text.indexOf(':')
  const given = identity.safeParse({ provider: text.slice(0, Math.max(0, at)), id: text.slice(at + 1) })
  if (given.success) return given.data
  throw new InvalidArgumentError('It must be a provider and an id: whatsapp:+5511987654321.')
}

function toTimezone(text: string): string {
  if (timezone.safeParse(text).success) return text
  throw new InvalidArgumentError('It must be a name of IANA: America/Sao_Paulo.')
}
