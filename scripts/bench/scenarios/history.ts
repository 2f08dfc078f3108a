import type { Contestant } from '../measure/contest.ts'
import { driver } from '../peers/driver.ts'
import { fillHistory, PAUSE_MS } from '../peers/fill.ts'
import { store } from '../peers/store.ts'
import { against, type Claim, type Outcome, throughputOutcome, toRows } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const GIB = 2 ** 30
const LIMIT = 50
const USERS = 50
const EACH = 1000

/** Everybody reads the newest 50 messages of a history of 1,000. */
async function newestPage(stage: Stage, callers: number, goal: Claim['goal']): Promise<Outcome> {
  const title = `The newest 50 messages of 1,000, not counted, ${callers === 1 ? 'one caller' : `${callers} callers`}`
  const peers = (await stage.peers('newest', 'storeLines')).filter(({ shape }) => shape === 'documents')
  const contestants: Contestant[] = []
  for (const peer of peers) {
    const verbs = await stage.open(peer, { users: USERS, capBytes: GIB })
    for (let user = 0; user < USERS; user++) await fillHistory(stage, verbs, user, EACH)
    let user = 0
    const call = async () => {
      user = (user + 1) % USERS
      const page = await verbs.newest(user, LIMIT)
      if (page.length !== LIMIT)
        throw new Error(`${peer.name} gave ${page.length} messages instead of ${LIMIT}`)
    }
    contestants.push(stage.contestant(peer.name, call))
  }
  contestants.push(...(await stage.remote('newest', { users: USERS, history: EACH })))
  const results = await stage.compete(title, callers, contestants)
  await stage.clear()
  return throughputOutcome(title, results, store.name, { against: driver.name, throughput: goal })
}

const COUNTED = 'with count'
const ALONE = 'page alone'

async function counted(stage: Stage, length: number, goal?: Claim['goal']): Promise<Outcome> {
  const title = `The newest 50 messages with their count, a history of ${length.toLocaleString('en')}`
  const verbs = await stage.open(store, { users: 1, capBytes: GIB })
  await fillHistory(stage, verbs, 0, length)
  const page = (count: boolean) => () => verbs.store.retrieveHistory(verbs.idOf(0), { limit: LIMIT, count })
  const contestants = [stage.contestant(COUNTED, page(true)), stage.contestant(ALONE, page(false))]
  const results = await stage.compete(title, 1, contestants)
  await stage.clear()
  return { title, rows: toRows(results), claims: [against(results, COUNTED, ALONE).p50(goal)] }
}

const DEEP = 'deep page'
const NEWEST = 'newest page'

/** A page in the midst of a long history, and one for a rare sender in it. */
async function inLongHistory(stage: Stage): Promise<Outcome[]> {
  const length = stage.quick ? 20_000 : 300_000
  const depth = stage.quick ? 15_000 : 250_000
  const verbs = await stage.open(store, { users: 1, capBytes: GIB })
  const userId = verbs.idOf(0)
  await fillHistory(stage, verbs, 0, length, (index) => ({
    sender: index % (length / 10) === 0 ? 'rare' : 'user',
  }))
  const to = new Date(Date.now() - depth * PAUSE_MS)
  const { older: before } = await verbs.store.retrieveHistory(userId, { to, limit: 1 })
  const pageOf = (options: object) => () => verbs.store.retrieveHistory(userId, { limit: LIMIT, ...options })
  const title = `A page ${depth.toLocaleString('en')} messages deep, not counted`
  const depths = await stage.compete(title, 1, [
    stage.contestant(DEEP, pageOf({ before, count: false })),
    stage.contestant(NEWEST, pageOf({ count: false })),
  ])
  const rare = `The newest page and count for a rare sender in ${length.toLocaleString('en')}`
  const rares = await stage.compete(rare, 1, [
    stage.contestant('rare sender, with count', pageOf({ senders: ['rare'] })),
    stage.contestant('all senders, with count', pageOf({})),
  ])
  return [
    {
      title,
      rows: toRows(depths),
      claims: [against(depths, DEEP, NEWEST).p50({ atMost: 1.3 })],
    },
    {
      title: rare,
      rows: toRows(rares),
      claims: [against(rares, 'rare sender, with count', 'all senders, with count').p50()],
    },
  ]
}

export const history: Scenario[] = [
  {
    name: 'page',
    about: 'the newest 50 messages of somebody, by one caller and by 32',
    run: async (stage) => [
      await newestPage(stage, 1, { atLeast: 1 }),
      await newestPage(stage, 32, { atLeast: 1.1 }),
    ],
  },
  {
    name: 'count',
    about: 'a page with the count of its history, against the page alone',
    run: async (stage) => [
      await counted(stage, 1000, { atMost: 1.5 }),
      await counted(stage, stage.quick ? 20_000 : 300_000),
    ],
  },
  { name: 'deep', about: 'pages deep in a long history, and for a rare sender', run: inLongHistory },
]
