import { driver } from '../peers/driver.ts'
import { store } from '../peers/store.ts'
import { type Outcome, throughputOutcome } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const USERS = 200
const KIB = 8

/** A context as bots have them: a summary, some facts, what is being talked about. About 8 kB. */
function contextOf(stage: Stage): Record<string, unknown> {
  const facts = Array.from({ length: 40 }, (_, i) => [
    `fact${i}`,
    { text: stage.nextText(), certain: i % 2 === 0 },
  ])
  const context = {
    language: 'pt-BR',
    facts: Object.fromEntries(facts),
    topics: ['padaria', 'viagem'],
    summary: '',
  }
  while (JSON.stringify(context).length < KIB * 1024) context.summary += `${stage.nextText()} `
  return context
}

async function write(stage: Stage, verb: 'replaceContext' | 'mergeContext', what: string): Promise<Outcome> {
  const title = `${what} a context of ${KIB} kB, 16 callers`
  const peers = await stage.peers('replaceContext', 'mergeContext')
  const context = contextOf(stage)
  const contestants = await Promise.all(
    peers.map(async (peer) => {
      const verbs = await stage.open(peer, { users: USERS, capBytes: 0 })
      for (let user = 0; user < USERS; user++) await verbs.replaceContext(user, context)
      let user = 0
      return stage.contestant(peer.name, async () => {
        user = (user + 1) % USERS
        const said = stage.nextText()
        const data =
          verb === 'mergeContext' ? { lastSaid: said, turns: user } : { ...context, lastSaid: said }
        await verbs[verb](user, data)
      })
    }),
  )
  const remote = await stage.remote(verb, { users: USERS, context })
  const results = await stage.compete(title, 16, [...contestants, ...remote])
  await stage.clear()
  return throughputOutcome(title, results, store.name, {
    against: driver.name,
    throughput: { atLeast: 0.95 },
  })
}

export const contexts: Scenario = {
  name: 'context',
  about: 'replacing and merging a context of 8 kB',
  run: async (stage) => [
    await write(stage, 'replaceContext', 'Replacing'),
    await write(stage, 'mergeContext', 'Merging into'),
  ],
}
