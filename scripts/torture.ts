import { randomInt } from 'node:crypto'
import { createProgress } from './lib/progress.ts'
import { createProgram, type Defer, integer, run } from './lib/run.ts'
import { startPart } from './torture/attempt.ts'
import type { Part } from './torture/part.ts'
import { parts } from './torture/parts/index.ts'
import { lossesIn, type PartReport, toText } from './torture/report.ts'

interface Options {
  minutes?: number
  only?: string[]
  plant?: string
  seed?: number
  list?: boolean
}

const SEEDS = 2 ** 32

await run('torture', async (defer) => {
  const program = createProgram(
    'torture',
    'Tries to break the store on servers of its own, which it kills, freezes and cuts off, and says what was lost.',
  )
  program
    .option('--minutes <n>', 'how long, shared among the parts', integer(1, 100_000))
    .option('--only <name...>', 'nothing but these parts')
    .option('--plant <fault>', 'commits this fault, which the one part must then find')
    .option('--seed <n>', 'makes the same choices again', integer(0, SEEDS - 1))
    .option('--list', 'names the parts, and the faults that each can commit')
    .addHelpText('after', '\nEnds with code 1 if anything was lost.')
    .action((options: Options) => torture(options, defer))
  await program.parseAsync()
})

async function torture({ list, minutes, only, plant, seed = randomInt(SEEDS) }: Options, defer: Defer) {
  /* Else a part that does its server no harm would work on that one. */
  delete process.env.MONGODB_URI
  if (list) return print(parts.map(described).join('\n'))
  const wanted = partsNamed(only)
  checkPlant(wanted, plant)
  const share = minutes ? minutes / wanted.reduce((sum, part) => sum + part.minutes, 0) : 1
  const reports: PartReport[] = []
  /* After Ctrl-C too. */
  defer(async () => {
    if (reports.length > 0) print(`\n${toText(reports)}`)
  })
  process.stderr.write(`With --seed ${seed} it makes the same choices again.\n`)
  for (const part of wanted) {
    const attempt = startPart(part, { ms: share * part.minutes * 60_000, seed, plant })
    defer(attempt.close)
    reports.push({ part: part.name, rows: attempt.rows })
    await timed(part.name, share * part.minutes * 60, attempt.ended)
  }
  if (lossesIn(reports) > 0) process.exitCode = 1
}

/** A bar that tells the time. */
async function timed(label: string, seconds: number, work: Promise<unknown>): Promise<void> {
  const progress = createProgress({ total: Math.round(seconds), label, unit: 's' })
  const clock = setInterval(() => progress.add(1), 1000)
  try {
    await work
  } finally {
    clearInterval(clock)
    progress.stop()
  }
}

function described({ name, about, plants }: Part): string {
  const faults = Object.entries(plants).map(([fault, what]) => `${' '.repeat(15)}--plant ${fault}: ${what}`)
  return [`${name.padEnd(12)} ${about}`, ...faults].join('\n')
}

function partsNamed(names: string[] | undefined): readonly Part[] {
  if (!names) return parts
  const unknown = names.find((name) => !parts.some((part) => part.name === name))
  if (unknown) throw new Error(`There is no part "${unknown}". --list names them all.`)
  return parts.filter(({ name }) => names.includes(name))
}

function checkPlant(wanted: readonly Part[], plant: string | undefined): void {
  if (plant === undefined) return
  const [part, ...others] = wanted
  if (!part || others.length > 0)
    throw new Error('--plant needs --only with the one part that has the fault.')
  if (!(plant in part.plants)) throw new Error(`${part.name} has no fault "${plant}". --list names them all.`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
