import { driver } from '../peers/driver.ts'
import { store } from '../peers/store.ts'
import { throughputOutcome } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const THOUSAND = 1000
const GIB = 2 ** 30

/** One caller stores a thousand messages a call. */
async function storeThousands(stage: Stage, title: string, capBytes: number) {
  const peers = await stage.peers('storeLines')
  const contestants = await Promise.all(
    peers.map(async (peer) => {
      const verbs = await stage.open(peer, { users: 100, capBytes })
      let user = 0
      const call = async () => {
        user = (user + 1) % 100
        const lines = Array.from({ length: THOUSAND }, () => ({ sender: 'user', content: stage.nextText() }))
        await verbs.storeLines(user, lines)
      }
      return stage.contestant(peer.name, call, THOUSAND)
    }),
  )
  const remote = await stage.remote('storeLines', { users: 100, perCall: THOUSAND })
  const results = await stage.compete(title, 1, [...contestants, ...remote])
  await stage.clear()
  return throughputOutcome(title, results, store.name, { against: driver.name, throughput: { atLeast: 0.9 } })
}

export const bulk: Scenario = {
  name: 'bulk',
  about: 'messages in thousands: storeMessages, insertMany',
  run: async (stage) => [
    await storeThousands(stage, 'Storing a thousand messages a call, capped collection, one caller', GIB),
    await storeThousands(stage, 'Storing a thousand messages a call, ordinary collection, one caller', 0),
  ],
}
