import { Command, CommanderError, Option } from 'commander'
import { toStoreError } from '../db/failure.ts'
import { check } from './check.ts'
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
/** Nothing is known of the database, where 1 says that something is wrong with it. */
const NOT_CHECKED = 2
const INTERRUPTED = 130

/** Runs one command. Results go to standard output, everything else to standard error. */
export async function run(argv: string[]): Promise<number> {
  let exitCode = 0
  const program = createProgram(async (options, work, failed) => {
    exitCode = await carryOut(options, work, failed)
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
/** `failed`: the exit code for work that could not be done. */
type Carry = (options: CommonOptions, work: Work, failed?: number) => Promise<void>

function createProgram(carry: Carry): Command {
  const program = new Command('dialogue-store')
    .description(
      'Brings a database up to the version of dialogue-store, converts how messages are kept, and checks what is stored.',
    )
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
  addCheck(program, carry)
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

function addCheck(program: Command, carry: Carry): void {
  common(program.command('check'))
    .description(
      'looks through a database for orphans, unsettled and parked work, broken counters, documents that no ' +
        'validator takes, unfinished conversions, and validators and indexes that are missing, while bots go on',
    )
    .option('--fix', 'repairs what is safe to repair')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing is wrong, or all is repaired; 1 something is wrong; 2 it could not be checked.',
    )
    .action(({ fix = false, ...options }: CommonOptions & { fix?: boolean }) =>
      carry(options, (task) => check(task, fix), NOT_CHECKED),
    )
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
  failed = FAILED,
): Promise<number> {
  try {
    const result = await withDatabase(options, (given) => work({ ...given, dryRun }))
    showResult(result, json)
    return result.error || result.isBad ? FAILED : 0
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof Interrupted) {
      say(error.message)
      return INTERRUPTED
    }
    showError(toStoreError(error), json)
    return failed
  }
}
