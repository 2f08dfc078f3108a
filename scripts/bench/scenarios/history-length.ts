import type { Contestant } from '../measure/contest.ts'
import { fillHistories } from '../peers/fill.ts'
import type { ChosenPeer } from '../peers/index.ts'
import type { Line, With } from '../peers/peer.ts'
import { type Claim, type Curve, type Outcome, toLines } from '../report/outcome.ts'
import type { Stage } from '../scenario.ts'
import { type End, findEnd } from './history-end.ts'

const LIMIT = 50
/** Of the stage's: what is stored meanwhile should not make histories much longer. */
const TURN = 1 / 5
/** Short histories belong to so many people that these messages are theirs together, for the same reason. */
const TOGETHER = 50_000
const TOGETHER_QUICK = 2000
/** Between lengths. */
const STEP = 10
/** Where a history that ends is measured for the last time: what is stored meanwhile must still fit. */
const NEAR_END = 0.85

type Entrant = ChosenPeer<'storeLine' | 'newest'>
type Runs = Parameters<typeof toLines>[0]

/** Of those whose histories end. */
type Ends = Map<string, End>

/** What one more message and the newest page cost, the longer the history is. */
export async function historyLength(stage: Stage): Promise<Outcome> {
  const rivals = ['store', 'driver', 'langchain']
  const peers = (await stage.peers('storeLine', 'newest')).filter(({ short }) => rivals.includes(short))
  const ends: Ends = new Map()
  for (const peer of peers) if (peer.shape === 'one document') ends.set(peer.name, await findEnd(stage, peer))
  const stored: Runs = []
  const read: Runs = []
  for (const length of stage.quick ? [100, 1000, 10_000] : [100, 1000, 10_000, 100_000, 1_000_000]) {
    const places = placesAt(length, peers, ends)
    const x = (name: string) => places.find(({ peer }) => peer.name === name)?.length ?? length
    const results = await measureAt(stage, length, places)
    stored.push({ x, results: results.stored })
    read.push({ x, results: results.read })
  }
  const series = [
    curveOf('Storing one more message', 'ms a message', stored, ends),
    curveOf(`Reading the newest ${LIMIT}`, 'ms a page', read, ends),
  ]
  const notes = [...ends].map(
    ([name, { length, why }]) =>
      `${name}: a history ends at ${length.toLocaleString('en')} messages of this kind. The server: "${why}"`,
  )
  const title = 'One more message, and the newest page, by the length of the history; one caller'
  return { title, rows: [], claims: series.flatMap(growthOf), series, notes }
}

interface Place {
  peer: Entrant
  length: number
}

/** Who is measured at about that length: a history that ends before is measured once, not far from its end. */
function placesAt(length: number, peers: Entrant[], ends: Ends): Place[] {
  return peers.flatMap((peer) => {
    const end = ends.get(peer.name)
    if (!end || length < end.length * NEAR_END) return [{ peer, length }]
    const last = Math.floor(end.length * NEAR_END)
    return last > 2 * (length / STEP) ? [{ peer, length: last }] : []
  })
}

async function measureAt(stage: Stage, length: number, places: Place[]) {
  const together = stage.quick ? TOGETHER_QUICK : TOGETHER
  const reading: Contestant[] = []
  const storing: Contestant[] = []
  for (const { peer, length } of places) {
    const users = Math.max(1, Math.floor(together / length))
    const verbs = await stage.open(peer, { users, capBytes: 0 })
    await fillHistories(stage, verbs, { label: `Filling, ${peer.name}`, users, length })
    const next = turnsOf(users)
    reading.push(stage.contestant(peer.name, () => readPage(peer, verbs, next())))
    storing.push(stage.contestant(peer.name, () => verbs.storeLine(next(), lineOf(stage))))
  }
  const times = { ms: stage.ms * TURN }
  const about = length.toLocaleString('en')
  const read = await stage.compete(`Reading, histories of ${about}`, 1, reading, times)
  const stored = await stage.compete(`Storing, histories of ${about}`, 1, storing, times)
  await stage.clear()
  return { read, stored }
}

/** Counts people round. */
function turnsOf(users: number): () => number {
  let user = 0
  return () => {
    user = (user + 1) % users
    return user
  }
}

const lineOf = (stage: Stage): Line => ({ sender: 'user', content: stage.nextText() })

async function readPage(peer: Entrant, verbs: With<'newest'>, user: number): Promise<void> {
  const { length } = await verbs.newest(user, LIMIT)
  if (length !== LIMIT) throw new Error(`${peer.name} gave ${length} messages instead of ${LIMIT}`)
}

const curveOf = (title: string, label: string, runs: Runs, ends: Ends): Curve => ({
  title,
  x: { label: 'messages in the history', scale: 'log' },
  y: { label, scale: 'log' },
  lines: toLines(runs, 'p50').map((line) => {
    const end = ends.get(line.name)
    return end ? { ...line, end: { x: end.length, why: end.why } } : line
  }),
})

/** How much longer it takes where the history is longest. */
function growthOf({ title, lines }: Curve): Claim[] {
  return lines.flatMap(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)]
    if (!first || !last) return []
    const value = {
      median: last.y.median / first.y.median,
      low: last.y.low / first.y.high,
      high: last.y.high / first.y.low,
    }
    const [from, to] = [first.x.toLocaleString('en'), last.x.toLocaleString('en')]
    return [{ text: `its time at ${from}, at ${to}: ${name}, ${title.toLowerCase()}`, value, unit: '×' }]
  })
}
