import type { Contestant } from '../measure/contest.ts'
import { driver } from '../peers/driver.ts'
import { type Fullness, fillCapped } from '../peers/fill.ts'
import type { ChosenPeer } from '../peers/index.ts'
import type { With } from '../peers/peer.ts'
import { store } from '../peers/store.ts'
import { against, type Curve, type Outcome, toLines } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { historyLength } from './history-length.ts'

const MIB = 2 ** 20
const USERS = 500
/** Of the stage's: there are many points, and a collection should not be much fuller after one than before. */
const TURN = 1 / 4

interface Entrant {
  peer: ChosenPeer<'storeLine'>
  verbs: With<'storeLine'>
  contestant: Contestant
}

/** All who can store into a capped collection, each with one of its own. */
async function openCapped(stage: Stage, capBytes: number): Promise<Entrant[]> {
  const peers = (await stage.peers('storeLine')).filter(({ shape }) => shape === 'documents')
  const entrants: Entrant[] = []
  for (const peer of peers) {
    const verbs = await stage.open(peer, { users: USERS, capBytes })
    let user = 0
    const call = () => {
      user = (user + 1) % USERS
      return verbs.storeLine(user, { sender: 'user', content: stage.nextText() })
    }
    entrants.push({ peer, verbs, contestant: stage.contestant(peer.name, call) })
  }
  return entrants
}

type Runs = Parameters<typeof toLines>[0]

const curvesOf = (runs: Runs, x: Curve['x']): Curve[] => [
  {
    title: 'Throughput',
    x,
    y: { label: 'messages a second', scale: 'log' },
    lines: toLines(runs, 'perSecond'),
  },
  { title: '99th percentile', x, y: { label: 'ms a message', scale: 'log' }, lines: toLines(runs, 'p99') },
]

/** Against the driver, where most was asked for. */
function claimsOf(runs: Runs): Outcome['claims'] {
  const last = runs.at(-1)?.results
  if (!last?.has(driver.name)) return []
  const { throughput, p99 } = against(last, store.name, driver.name)
  return [throughput(), p99()]
}

async function byCallers(stage: Stage): Promise<Outcome> {
  const title = 'Storing a message, capped collection, by the number of callers'
  const entrants = await openCapped(stage, 1024 * MIB)
  const runs: Runs = []
  /* One caller last: their few calls would not warm up what all run. */
  for (const callers of stage.quick ? [256, 16, 1] : [1000, 256, 64, 16, 4, 1]) {
    const label = `Storing, ${callers} callers`
    const contestants = entrants.map(({ contestant }) => contestant)
    const results = await stage.compete(label, callers, contestants, { ms: stage.ms * TURN })
    runs.unshift({ x: () => callers, results })
  }
  await stage.clear()
  const series = curvesOf(runs, { label: 'callers', scale: 'log' })
  return { title, rows: [], claims: claimsOf(runs), series }
}

const nameOf = (fullness: Fullness): string =>
  typeof fullness === 'number' ? `${100 * fullness} % full` : fullness

async function byFullness(stage: Stage): Promise<Outcome> {
  const title = 'Storing a message, capped collection, 256 callers, by how full it is'
  const capBytes = (stage.quick ? 16 : 64) * MIB
  const entrants = await openCapped(stage, capBytes)
  const steps: Fullness[] = stage.quick ? [0, 0.5, 'evicting'] : [0, 0.25, 0.5, 0.75, 1, 'evicting']
  const runs: Runs = []
  for (const upTo of steps) {
    for (const { peer, verbs } of entrants)
      await fillCapped(stage, verbs, { label: `Filling until ${nameOf(upTo)}, ${peer.name}`, capBytes, upTo })
    const contestants = entrants.map(({ contestant }) => contestant)
    const label = `Storing, ${nameOf(upTo)}`
    const results = await stage.compete(label, 256, contestants, { ms: stage.ms * TURN })
    runs.push({ x: () => nameOf(upTo).replace(' full', ''), results })
  }
  await stage.clear()
  const series = curvesOf(runs, { label: `full, of ${capBytes / MIB} MiB`, scale: 'steps' })
  return { title, rows: [], claims: claimsOf(runs), series }
}

export const growth: Scenario[] = [
  {
    name: 'history-length',
    about: 'storing one more and reading the newest 50, in histories of 100 to 1,000,000',
    run: async (stage) => [await historyLength(stage)],
  },
  {
    name: 'callers',
    about: '1 to 1,000 callers store a message each, on a capped collection',
    run: async (stage) => [await byCallers(stage)],
  },
  {
    name: 'fill',
    about: '256 callers store a message each, on a capped collection that fills up',
    run: async (stage) => [await byFullness(stage)],
  },
]
