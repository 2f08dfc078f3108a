import { peersNamed } from './bench/peers/index.ts'
import { ensureInstalled } from './bench/peers/install.ts'
import { type Report, readReport, settingOf, writeReport } from './bench/report/file.ts'
import type { Outcome } from './bench/report/outcome.ts'
import { toText } from './bench/report/print.ts'
import { openStage, type Scenario, type Stage, type StageOptions } from './bench/scenario.ts'
import { scenarios } from './bench/scenarios/index.ts'
import { createProgram, type Defer, integer, run } from './lib/run.ts'

interface Options {
  only?: string[]
  peers?: string[]
  quick?: boolean
  rounds?: number
  ms?: number
  json?: string
  from?: string
  plots?: string
  cpuProfile?: string
  list?: boolean
}

await run('bench', async (defer) => {
  const program = createProgram(
    'bench',
    'Measures the store against what others would pick, on a replica set of its own or on MONGODB_URI. Nothing of it stays there.',
  )
  program
    .option('--only <name...>', 'nothing but these scenarios')
    .option('--peers <name...>', 'dialogue-store against nobody but these: driver, mongoose, papr …')
    .option('--quick', 'short rounds, and few: to see that it runs, not to quote')
    .option('--rounds <n>', 'how often each contestant has its turn', integer(1, 1000))
    .option('--ms <n>', 'how long a turn is', integer(10, 600_000))
    .option('--json <file>', 'writes all figures to a file')
    .option('--plots <folder>', 'draws the figures, as SVG, for light and for dark pages')
    .option('--from <file>', 'measures nothing, but takes the figures from what --json wrote')
    .option('--cpu-profile <folder>', "writes profiles of dialogue-store's own turns, one for each contest")
    .option('--list', 'names the scenarios')
    .action((options: Options) => bench(options, defer))
  await program.parseAsync()
})

async function bench(options: Options, defer: Defer): Promise<void> {
  if (options.list) return print(scenarios.map(({ name, about }) => `${name.padEnd(14)} ${about}`).join('\n'))
  const report = options.from ? await readReport(options.from) : await measure(options, defer)
  if (options.from) for (const outcome of report.outcomes) print(`\n${toText(outcome)}`)
  if (options.plots) await draw(report, options.plots)
}

async function measure({ only, peers, quick = false, ...options }: Options, defer: Defer): Promise<Report> {
  const wanted = scenariosNamed(only)
  const stageOptions: StageOptions = {
    quick,
    rounds: options.rounds ?? (quick ? 3 : 12),
    ms: options.ms ?? (quick ? 300 : 1500),
    peers: peersNamed(peers),
    profiles: options.cpuProfile,
  }
  /* Rather now than after hours. */
  if (options.plots) await ensureInstalled()
  const stage = await openStage(stageOptions, defer)
  const { version: mongodb } = await stage.admin.command({ buildInfo: 1 })
  const report: Report = { setting: settingOf({ ...stageOptions, mongodb }), outcomes: [] }
  for (const scenario of wanted) {
    for (const outcome of await outcomesOf(scenario, stage)) {
      report.outcomes.push({ scenario: scenario.name, ...outcome })
      print(`\n${toText(outcome)}`)
    }
    await stage.clear()
    /* Each time: an hour's figures are not lost by what comes last. */
    if (options.json) await writeReport(options.json, report)
  }
  return report
}

/** One that fails is told, and the others go on. */
async function outcomesOf({ name, run }: Scenario, stage: Stage): Promise<Outcome[]> {
  try {
    return await run(stage)
  } catch (error) {
    process.stderr.write(`bench: ${name}: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
    return []
  }
}

/** By a file that imports a package of the bench's own: the path is not a literal, so that the root's compiler stays out. */
async function draw(report: Report, folder: string): Promise<void> {
  await ensureInstalled()
  const path = new URL('./bench/report/plots.ts', import.meta.url).href
  const { drawPlots }: { drawPlots(report: Report, folder: string): Promise<string[]> } = await import(path)
  for (const file of await drawPlots(report, folder)) print(file)
}

function scenariosNamed(names: string[] | undefined) {
  if (!names) return scenarios
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown) throw new Error(`There is no scenario "${unknown}". --list names them all.`)
  return scenarios.filter(({ name }) => names.includes(name))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
