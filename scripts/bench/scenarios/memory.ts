import { estimate } from '../measure/statistics.ts'
import { fillHistory } from '../peers/fill.ts'
import { store } from '../peers/store.ts'
import type { Claim } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const GIB = 2 ** 30
const MIB = 2 ** 20
const LOOK_EVERY = 10_000

/** By how many bytes the process grows while it reads. */
async function growth(items: AsyncIterable<unknown>): Promise<number> {
  const before = process.memoryUsage.rss()
  let most = before
  let read = 0
  for await (const _ of items) if (++read % LOOK_EVERY === 0) most = Math.max(most, process.memoryUsage.rss())
  return most - before
}

async function readAll(stage: Stage) {
  const messages = stage.quick ? 20_000 : 1_000_000
  const verbs = await stage.open(store, { users: 1, capBytes: GIB })
  await fillHistory(stage, verbs, 0, messages)
  const userId = verbs.idOf(0)
  const claim = async (text: string, items: AsyncIterable<unknown>): Promise<Claim> => ({
    text: `more memory for ${text}`,
    value: estimate([(await growth(items)) / MIB]),
    unit: 'MiB',
    goal: { atMost: 64 },
  })
  return [
    {
      title: `Reading ${messages.toLocaleString('en')} messages one by one`,
      rows: [],
      claims: [
        await claim('iterateHistory', verbs.store.iterateHistory(userId)),
        await claim('exportUser', verbs.store.exportUser(userId)),
      ],
    },
  ]
}

export const memory: Scenario = {
  name: 'memory',
  about: 'what the process grows by while it reads a million messages',
  run: readAll,
}
