import { mongooseDocuments } from '../peers/mongoose.ts'
import { store } from '../peers/store.ts'
import { type Claim, type Outcome, throughputOutcome } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const GIB = 2 ** 30

/** What a bot does for each message, on texts of real conversations. */
async function play(stage: Stage, callers: number, goal?: Claim['goal']): Promise<Outcome> {
  const title = `A turn: find, read context and 20 messages, store 2, update the context; ${callers === 1 ? 'one caller' : `${callers} callers`}`
  const peers = await stage.peers('turn')
  const users = callers === 1 ? 50 : 500
  const contestants = await Promise.all(
    peers.map(async (peer) => {
      const verbs = await stage.open(peer, { users, capBytes: GIB })
      let user = 0
      return stage.contestant(peer.name, async () => {
        user = (user + 1) % users
        const said = { sender: 'user', content: stage.nextText() }
        await verbs.turn(user, said, { sender: 'assistant', content: stage.nextText() })
      })
    }),
  )
  const remote = await stage.remote('turn', { users })
  const results = await stage.compete(title, callers, [...contestants, ...remote])
  await stage.clear()
  return throughputOutcome(title, results, store.name, { against: mongooseDocuments.name, throughput: goal })
}

export const turn: Scenario = {
  name: 'turn',
  about: 'what a bot does when somebody says something',
  run: async (stage) => [await play(stage, 64, { atLeast: 2 }), await play(stage, 1)],
}
