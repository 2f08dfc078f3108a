import { writeFile } from 'node:fs/promises'
import { toText } from './bench/report/print.ts'
import { openStage } from './bench/scenario.ts'
import { scenarios } from './bench/scenarios/index.ts'
import { createProgram, integer, run } from './lib/run.ts'

await run('bench', async (defer) => {
  const program = createProgram(
    'bench',
    'Measures the store against what others would pick, on a replica set of its own or on MONGODB_URI. Nothing of it stays there.',
  )
  program
    .option('--only <name...>', 'nothing but these scenarios')
    .option('--quick', 'short rounds, and few: to see that it runs, not to quote')
    .option('--rounds <n>', 'how often each contestant has its turn', integer(1, 1000))
    .option('--ms <n>', 'how long a turn is', integer(10, 600_000))
    .option('--json <file>', 'writes all figures to a file')
    .option('--list', 'names the scenarios')
    .action(async ({ only, quick = false, rounds, ms, json, list }) => {
      if (list) return print(scenarios.map(({ name, about }) => `${name.padEnd(14)} ${about}`).join('\n'))
      const wanted = scenariosNamed(only)
      const times = { rounds: rounds ?? (quick ? 3 : 12), ms: ms ?? (quick ? 300 : 1500) }
      const stage = await openStage({ quick, ...times }, defer)
      const outcomes = []
      for (const scenario of wanted) {
        for (const outcome of await scenario.run(stage)) {
          outcomes.push({ scenario: scenario.name, ...outcome })
          print(`\n${toText(outcome)}`)
        }
        await stage.clear()
      }
      if (json) await writeFile(json, `${JSON.stringify(outcomes, null, 2)}\n`)
    })
  await program.parseAsync()
})

function scenariosNamed(names: string[] | undefined) {
  if (!names) return scenarios
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown) throw new Error(`There is no scenario "${unknown}". --list names them all.`)
  return scenarios.filter(({ name }) => names.includes(name))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
