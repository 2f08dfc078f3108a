import { Command, CommanderError, Option } from 'commander'
import { toStoreError } from '../db/failure.ts'
import { Interrupted } from './interrupt.ts'
import { down, up } from './migrate.ts'
import { say, showError, showResult } from './output.ts'
import { convert, type RetentionOptions, toRetention } from './retention.ts'
import { status } from './status.ts'
import { type DatabaseOptions, type Result, type Task, UsageError, withDatabase } from './task.ts'

interface CommonOptions extends DatabaseOptions {
  dryRun?: boolean
  json?: boolean
}

const FAILED = 1
const WRONG_USAGE = 2
const INTERRUPTED = 130

/** Runs one command. Results go to standard output, everything else to standard error. */
export async function run(argv: string[]): Promise<number> {
  let exitCode = 0
  const program = createProgram(async (options, work) => {
    exitCode = await carryOut(options, work)
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    /* What commander throws it has said itself: --help too. */
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE
    if (!(error instanceof UsageError)) throw error
    say(error.message)
    return WRONG_USAGE
  }
}

type Work = (task: Task) => Promise<Result>
type Carry = (options: CommonOptions, work: Work) => Promise<void>

function createProgram(carry: Carry): Command {
  const program = new Command('dialogue-store')
    .description('Brings a database up to the version of dialogue-store, and converts how messages are kept.')
    .exitOverride()
    .showHelpAfterError('(--help says more)')
  common(program.command('status'))
    .description('lists the migrations and when they ran, and how messages are kept')
    .action((options: CommonOptions) => carry(options, status))
  changing(common(program.command('up')))
    .description('runs the migrations that are pending')
    .action((options: CommonOptions) => carry(options, up))
  changing(common(program.command('down')))
    .description('reverts the last migration; without the first one, nothing that was stored is left')
    .option('--yes', 'really drop what the migration created, with all that is in it')
    .action((options: CommonOptions & { yes?: boolean }) => {
      if (!options.yes && !options.dryRun) program.error('error: down drops what is stored: add --yes')
      return carry(options, down)
    })
  addConversion(program, carry)
  return program
}

function addConversion(program: Command, carry: Carry): void {
  changing(common(program.command('convert-retention')))
    .description(
      'converts how messages are kept, while bots go on writing; run again, it goes on where it stopped',
    )
    .addOption(
      new Option('--to <kind>', 'how messages are to be kept')
        .choices(['capped', 'rolling'])
        .makeOptionMandatory(),
    )
    .option('--size-bytes <n>', 'capped: the size, 1 GiB if not given')
    .option('--max-messages <n>', 'capped: how many messages at most')
    .option('--max-age-ms <n>', 'rolling: how long after they were stored messages are kept')
    .option('--max-per-user <n>', 'rolling: how many of each user at most')
    .action(async (options: CommonOptions & RetentionOptions) => {
      const wanted = await toRetention(options)
      return carry(options, (task) => convert(task, wanted))
    })
}

const common = (command: Command): Command =>
  command
    .addOption(new Option('--uri <uri>', 'the MongoDB server').env('MONGODB_URI').makeOptionMandatory())
    .option('--db <name>', "the database; the URI's if not given")
    .option('--prefix <text>', "of the collections' names (default: dialogue_)")
    .option('--json', 'the result as JSON')

const changing = (command: Command): Command =>
  command.option('--dry-run', 'says what would happen, and changes nothing')

async function carryOut(
  { dryRun = false, json = false, ...options }: CommonOptions,
  work: Work,
): Promise<number> {
  try {
    const result = await withDatabase(options, (given) => work({ ...given, dryRun }))
    showResult(result, json)
    return result.error ? FAILED : 0
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof Interrupted) {
      say(error.message)
      return INTERRUPTED
    }
    showError(toStoreError(error), json)
    return FAILED
  }
}
