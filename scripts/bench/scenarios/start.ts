import { fileURLToPath } from 'node:url'
import { command } from '../../package/command.ts'
import { estimate, ratio } from '../measure/statistics.ts'
import { builtEntry } from '../peers/build.ts'
import { store } from '../peers/store.ts'
import type { Outcome } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const folder = fileURLToPath(new URL('../start', import.meta.url))

/** From the first import to the first verb, in processes of their own, one after the other. */
async function begin(stage: Stage): Promise<Outcome[]> {
  const migrated = await stage.open(store, { users: 1, capBytes: 2 ** 24 })
  const env = { ENTRY: await builtEntry(), URI: stage.uri, DB: stage.db(migrated).databaseName }
  const run = async (program: string) =>
    Number(await command(process.execPath, [`${folder}/${program}.mjs`], { cwd: folder, env }))
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round <= stage.rounds; round++) {
    const [first, second] = round % 2 ? ['store', 'mongoose'] : ['mongoose', 'store']
    for (const program of [first, second]) {
      const ms = await run(program ?? '')
      if (round > 0) (program === 'store' ? ours : theirs).push(ms)
    }
  }
  return [
    {
      title: 'From the first import to the first verb, of a database that is migrated',
      rows: [],
      claims: [
        { text: 'dialogue-store', value: estimate(ours), unit: 'ms' },
        { text: 'Mongoose with three models, init() awaited', value: estimate(theirs), unit: 'ms' },
        { text: 'as long as Mongoose', value: ratio(ours, theirs), unit: '×', goal: { atMost: 1.2 } },
      ],
    },
  ]
}

export const start: Scenario = {
  name: 'start',
  about: 'importing the package and opening a migrated database',
  run: begin,
}
