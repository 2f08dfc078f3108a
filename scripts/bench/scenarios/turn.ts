import { driver } from '../peers/driver.ts'
import { mongooseDocuments, mongooseLean } from '../peers/mongoose.ts'
import { store } from '../peers/store.ts'
import { against, type Claim, type Outcome, toRows } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const USERS = 500
const GIB = 2 ** 30

/** What a bot does for each message, on texts of real conversations. */
async function play(stage: Stage, callers: number, goal?: Claim['goal']): Promise<Outcome> {
  const title = `A turn: find, read context and 20 messages, store 2, update the context; ${callers === 1 ? 'one caller' : `${callers} callers`}`
  const contestants = await Promise.all(
    [store, driver, mongooseDocuments, mongooseLean].map(async (peer) => {
      const verbs = await stage.open(peer, { users: USERS, capBytes: GIB })
      let user = 0
      return stage.contestant(peer.name, async () => {
        user = (user + 1) % USERS
        const said = { sender: 'user', content: stage.nextText() }
        await verbs.turn?.(user, said, { sender: 'assistant', content: stage.nextText() })
      })
    }),
  )
  const results = await stage.compete(title, callers, contestants)
  await stage.clear()
  const idiomatic = against(results, store.name, mongooseDocuments.name)
  return {
    title,
    rows: toRows(results),
    claims: [
      idiomatic.throughput(goal),
      idiomatic.p99(),
      against(results, store.name, mongooseLean.name).throughput(),
      against(results, store.name, driver.name).throughput(),
    ],
  }
}

export const turn: Scenario = {
  name: 'turn',
  about: 'what a bot does when somebody says something',
  run: async (stage) => [await play(stage, 64, { atLeast: 2 }), await play(stage, 1)],
}
