import { type ErasureFigures, measureErasure } from './bench/erasure.ts'
import type { Latency } from './bench/latency.ts'
import { openStage } from './bench/stage.ts'
import { measureTurns, type TurnFigures } from './bench/turns.ts'
import { createProgram, integer, run } from './lib/run.ts'

const GIB = 2 ** 30

await run('bench', async (defer) => {
  const program = createProgram(
    'bench',
    'Measures the store on a replica set of its own, or on MONGODB_URI. Nothing of it stays.',
  )
  const json = ['--json', 'nothing but the figures, as JSON'] as const
  const rounds = ['--rounds <n>', 'how often', integer(1, 100), 3] as const
  program
    .command('erasure')
    .description('how other writers fare while somebody with many messages is erased')
    .option('--messages <n>', 'how many messages they have', integer(1, 10_000_000), 1_000_000)
    .option('--writers <n>', 'how many loops write meanwhile', integer(1, 1000), 16)
    .option(...rounds)
    .option(...json)
    .action(async ({ json, ...options }) => {
      const store = await openStage({ kind: 'capped', sizeBytes: 4 * GIB }, defer)
      const figures = await measureErasure(store, options)
      if (json) printJson(figures)
      else figures.forEach(printErasure)
    })
  program
    .command('turns')
    .description('what a transaction costs a turn of two messages and a context')
    .option('--callers <n...>', 'how many at once', integersIn, [1, 16])
    .option('--seconds <n>', 'how long each', integer(1, 600), 5)
    .option(...rounds)
    .option(...json)
    .action(async ({ json, callers, seconds, rounds }) => {
      const store = await openStage({ kind: 'capped', sizeBytes: GIB }, defer)
      const figures: TurnFigures[] = []
      for (let round = 0; round < rounds; round++)
        for (const n of callers) figures.push(await measureTurns(store, n, seconds * 1000))
      if (json) printJson(figures)
      else figures.forEach(printTurns)
    })
  await program.parseAsync()
})

function integersIn(text: string, before: number[] | undefined): number[] {
  return [...(before ?? []), integer(1, 10_000)(text)]
}

function printJson(figures: unknown): void {
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
}

function printErasure({ quiet, erasing, seconds, perSecond }: ErasureFigures, round: number): void {
  print(`round ${round + 1}: erased in ${seconds.toFixed(1)} s, ${Math.round(perSecond)} messages/s`)
  print(`  writers before  ${toText(quiet)}`)
  print(`  writers during  ${toText(erasing)}, p99 ×${(erasing.p99 / quiet.p99).toFixed(1)}`)
}

function printTurns({ callers, turn, plain }: TurnFigures): void {
  print(`${callers} at once`)
  print(`  in a transaction     ${toText(turn)}`)
  print(`  one after the other  ${toText(plain)}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function toText({ perSecond, p50, p99 }: Latency): string {
  return `${Math.round(perSecond)}/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`
}
