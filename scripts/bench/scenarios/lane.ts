import type { Contestant } from '../measure/contest.ts'
import { driver } from '../peers/driver.ts'
import { fillCapped } from '../peers/fill.ts'
import { store } from '../peers/store.ts'
import { against, type Claim, type Outcome, othersIn, toRows } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const MIB = 2 ** 20
const USERS = 100

interface Setting {
  title: string
  callers: number
  capBytes: number
  full?: boolean
  goals: { throughput: Claim['goal']; p99?: Claim['goal'] }
}

/** Everybody stores one message at a time. */
async function storeOneByOne(
  stage: Stage,
  { title, callers, capBytes, full, goals }: Setting,
): Promise<Outcome> {
  const all = await stage.peers('storeLine')
  const peers = full ? all.filter(({ shape }) => shape === 'documents') : all
  const left = all.filter((peer) => !peers.includes(peer)).map(({ name }) => name)
  const contestants: Contestant[] = []
  for (const peer of peers) {
    const verbs = await stage.open(peer, { users: USERS, capBytes })
    if (full) await fillCapped(stage, verbs, { label: `Filling, ${peer.name}`, capBytes, upTo: 'evicting' })
    let user = 0
    const name = capBytes && peer.shape === 'one document' ? `${peer.name}, not capped` : peer.name
    const call = () => {
      user = (user + 1) % USERS
      return verbs.storeLine(user, { sender: 'user', content: stage.nextText() })
    }
    contestants.push(stage.contestant(name, call))
  }
  if (!capBytes || callers === 1) contestants.push(...(await stage.remote('storeLine', { users: USERS })))
  const results = await stage.compete(title, callers, contestants)
  await stage.clear()
  const claims = othersIn(results).flatMap((name) => {
    const { throughput, p99 } = against(results, store.name, name)
    return name === driver.name ? [throughput(goals.throughput), p99(goals.p99)] : [throughput()]
  })
  const notes = left.map((name) => `${name} cannot be capped, and takes no part.`)
  return { title, rows: toRows(results), claims, notes }
}

const SETTINGS: (Setting & Pick<Scenario, 'name' | 'about'>)[] = [
  {
    name: 'capped',
    about: '256 callers store a message each, on a capped collection',
    title: 'Storing a message, capped collection, 256 callers at once',
    callers: 256,
    capBytes: 1024 * MIB,
    goals: { throughput: { atLeast: 6 }, p99: { atMost: 1 / 3 } },
  },
  {
    name: 'full',
    about: 'the same on a capped collection that is full, and evicts',
    title: 'Storing a message, full capped collection, 256 callers at once',
    callers: 256,
    capBytes: 16 * MIB,
    full: true,
    goals: { throughput: { atLeast: 4.5 } },
  },
  {
    name: 'rolling',
    about: 'the same on an ordinary collection',
    title: 'Storing a message, ordinary collection, 256 callers at once',
    callers: 256,
    capBytes: 0,
    goals: { throughput: { atLeast: 12 } },
  },
  {
    name: 'alone',
    about: 'one caller stores one message after the other',
    title: 'Storing a message, capped collection, one caller',
    callers: 1,
    capBytes: 1024 * MIB,
    goals: { throughput: { atLeast: 0.9 } },
  },
]

export const lane: Scenario[] = SETTINGS.map(({ name, about, ...setting }) => ({
  name,
  about,
  run: async (stage) => [await storeOneByOne(stage, setting)],
}))
