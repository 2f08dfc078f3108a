import { django } from '../peers/django.ts'
import { driver } from '../peers/driver.ts'
import { mongooseDocuments } from '../peers/mongoose.ts'
import type { Peer, Verbs } from '../peers/peer.ts'
import type { RemotePeer } from '../peers/remote.ts'
import { store } from '../peers/store.ts'
import { against, type Claim, type Outcome, toRows } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const MIB = 2 ** 20
const USERS = 500
const PEERS: Peer[] = [store, driver, mongooseDocuments]

interface Setting {
  title: string
  callers: number
  capBytes: number
  full?: boolean
  /** Peers that are no MongoDB, and know no cap. */
  others?: RemotePeer[]
  goals: { throughput: Claim['goal']; p99?: Claim['goal'] }
}

/** Everybody stores one message at a time. */
async function storeOneByOne(
  stage: Stage,
  { title, callers, capBytes, full, others = [], goals }: Setting,
): Promise<Outcome> {
  const contestants = await Promise.all(
    PEERS.map(async (peer) => {
      const verbs = await stage.open(peer, { users: USERS, capBytes })
      if (full) await fill(stage, verbs, capBytes)
      let user = 0
      return stage.contestant(peer.name, async () => {
        user = (user + 1) % USERS
        await verbs.storeLine?.(user, { sender: 'user', content: stage.nextText() })
      })
    }),
  )
  const remotes = await Promise.all(others.map((peer) => stage.remote(peer, 'storeLine', { users: USERS })))
  const results = await stage.compete(title, callers, [...contestants, ...remotes.flat()])
  await stage.clear()
  const { throughput, p99 } = against(results, store.name, driver.name)
  return {
    title,
    rows: toRows(results),
    claims: [
      throughput(goals.throughput),
      p99(goals.p99),
      against(results, store.name, mongooseDocuments.name).throughput(),
      ...remotes.flat().map(({ name }) => against(results, store.name, name).throughput()),
    ],
  }
}

/** Until the cap is reached, and messages are evicted. */
async function fill(stage: Stage, verbs: Verbs, capBytes: number): Promise<void> {
  const db = stage.db(verbs)
  const names = ['messages', 'dialogue_messages']
  const [{ name = '' } = {}] = await db.listCollections({ name: { $in: names } }).toArray()
  for (let size = 0, before = -1; size > before || size < capBytes / 2; ) {
    before = size
    for (let batch = 0; batch < 20; batch++) {
      const lines = Array.from({ length: 1000 }, () => ({ sender: 'user', content: stage.nextText() }))
      await verbs.storeLines?.(batch, lines)
    }
    size = (await db.command({ collStats: name })).size
  }
}

export const lane: Scenario[] = [
  {
    name: 'capped',
    about: '256 callers store a message each, on a capped collection',
    run: async (stage) => [
      await storeOneByOne(stage, {
        title: 'Storing a message, capped collection, 256 callers at once',
        callers: 256,
        capBytes: 1024 * MIB,
        goals: { throughput: { atLeast: 6 }, p99: { atMost: 1 / 3 } },
      }),
    ],
  },
  {
    name: 'full',
    about: 'the same on a capped collection that is full, and evicts',
    run: async (stage) => [
      await storeOneByOne(stage, {
        title: 'Storing a message, full capped collection, 256 callers at once',
        callers: 256,
        capBytes: 16 * MIB,
        full: true,
        goals: { throughput: { atLeast: 4.5 } },
      }),
    ],
  },
  {
    name: 'rolling',
    about: 'the same on an ordinary collection',
    run: async (stage) => [
      await storeOneByOne(stage, {
        title: 'Storing a message, ordinary collection, 256 callers at once',
        callers: 256,
        capBytes: 0,
        others: [django],
        goals: { throughput: { atLeast: 12 } },
      }),
    ],
  },
  {
    name: 'alone',
    about: 'one caller stores one message after the other',
    run: async (stage) => [
      await storeOneByOne(stage, {
        title: 'Storing a message, capped collection, one caller',
        callers: 1,
        capBytes: 1024 * MIB,
        others: [django],
        goals: { throughput: { atLeast: 0.9 } },
      }),
    ],
  },
]
