import { store } from '../peers/store.ts'
import { against, type Claim, type Outcome, toRows } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const USERS = 500
const NAMED = 'with externalId'
const PLAIN = 'without'

/** What it costs to store once what a platform may deliver twice. */
async function compareNamed(stage: Stage, callers: number, goal: Claim['goal']): Promise<Outcome> {
  const verbs = await stage.open(store, { users: USERS, capBytes: 2 ** 30 })
  let delivery = 0
  const call = (named: boolean) => () => {
    delivery++
    const line = { sender: 'user', content: stage.nextText() }
    return verbs.storeLine(delivery % USERS, named ? { ...line, externalId: `wamid.${delivery}` } : line)
  }
  const title = `Storing a message once, capped collection, ${callers === 1 ? 'one caller' : `${callers} callers`}`
  const contestants = [stage.contestant(NAMED, call(true)), stage.contestant(PLAIN, call(false))]
  const results = await stage.compete(title, callers, contestants)
  const { throughput, p99 } = against(results, NAMED, PLAIN)
  return { title, rows: toRows(results), claims: [throughput(goal), p99()] }
}

export const externalIds: Scenario = {
  name: 'external-ids',
  about: 'messages that a platform may deliver twice, against others',
  run: async (stage) => [
    await compareNamed(stage, 256, { atLeast: 0.8 }),
    await compareNamed(stage, 1, { atLeast: 0.5 }),
  ],
}
