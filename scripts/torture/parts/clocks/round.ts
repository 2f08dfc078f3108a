import { setTimeout as pause } from 'node:timers/promises'
import type mongoose from 'mongoose'
import { ObjectId } from '../../../../src/ids.ts'
import type { DialogueStore } from '../../../../src/index.ts'
import type { Attempt } from '../../part.ts'
import { lookAround, wrongLook } from './busy.ts'
import { type Following, follow, gapIn, repeatIn } from './following.ts'
import { compare, createLedger, type Ledger } from './ledger.ts'
import type { Written } from './protocol.ts'
import { iterateExactly, markExactly, walkExactly, wrongOrder } from './quiet.ts'
import type { Writer } from './writers.ts'

export interface Scene extends Pick<Attempt, 'random' | 'tally'> {
  store: DialogueStore
  db: mongoose.mongo.Db
  /** Which of the writers' databases. */
  database: number
  /** Nothing is evicted. */
  isWhole: boolean
  writers: readonly Writer[]
  /** All that a writer writes in a round. With those of the others, it is less than what a page has room for. */
  messages: number
  /** What came twice, where it may. */
  repeats: { count: number }
  /** How often what was written is read afterwards. */
  checks: number
}

/** By how much clocks differ. */
export interface Range {
  name: string
  ms: number
  /** Who follows from a page may be given a message of it again: that a message is new is its writer's word. */
  mayRepeat?: boolean
}

/** The library takes it that clocks differ by less than two minutes. */
export const MINUTES: Range = { name: 'minutes apart', ms: 100_000 }
export const YEARS: Range = { name: 'years apart', ms: 5e10, mayRepeat: true }

const WRITTEN = 'messages of processes whose clocks differ'
const LOOKS = 'pages read while they were written'
const ORDER = 'histories in the order of input'
const WALKS = 'pages read afterwards, against a model'
const ITERATIONS = 'iterations'
const MARKS = 'marks, and what is pending'

const FOLLOWERS = 4
const READERS = 2

/** One history: written by all at once, while it is read and followed, and read again when nobody writes. */
export async function playRound(scene: Scene, range: Range): Promise<void> {
  const { store, random, tally } = scene
  const { id: userId } = await store.createUser({ name: 'Ana' })
  const base = Date.UTC(2024, 0, 1) + random.below(1e9)
  const ledger = createLedger()
  let isOver = false
  const reading = { store, userId, base, ledger, random }
  const written = writeAll(scene, range, { userId, base, ledger }).finally(() => {
    isOver = true
  })
  const [looks, followings] = await Promise.all([
    Promise.all(Array.from({ length: READERS }, () => lookAround(reading, () => isOver))),
    followAll(scene, userId, () => isOver),
    written,
  ])
  const truth = await truthOf(scene, userId, ledger)
  const stayed = new Set(truth.map(({ id }) => id))
  const known = new Map(ledger.all.map((one) => [one.id, one]))
  for (const look of looks.flat()) {
    const wrong = wrongLook(look, ledger, known, stayed)
    if (wrong) tally.lost(LOOKS, `${range.name}, ${look.way}, ${JSON.stringify(look.filter)}: ${wrong}`)
  }
  tally.tried(LOOKS, looks.flat().length)
  await Promise.all(followings.map(({ end }) => end(stayed)))
  checkFollowings(scene, range, followings, stayed)
  await readQuietly({ ...scene, userId, base, truth, ledger })
  await store.deleteUser(userId)
}

function checkFollowings(
  { tally, repeats }: Scene,
  { name, mayRepeat }: Range,
  followings: readonly Following[],
  stayed: ReadonlySet<string>,
): void {
  const what = `pages and what followed them, clocks ${name}`
  for (const following of followings) {
    const [gap, repeat] = [gapIn(following, stayed), repeatIn(following)]
    if (gap) tally.lost(what, gap)
    if (repeat && mayRepeat) repeats.count++
    else if (repeat) tally.lost(what, repeat)
  }
  tally.tried(what, followings.length)
  if (mayRepeat) tally.remark(what, `${repeats.count} with a message of the page again`)
}

async function writeAll(
  { writers, messages, database, random, tally }: Scene,
  { ms }: Range,
  { userId, base, ledger }: { userId: string; base: number; ledger: Ledger },
): Promise<void> {
  const setClocks = () => {
    for (const writer of writers) writer.setClock(Math.round((random.next() - 0.5) * 2 * ms))
  }
  setClocks()
  const jumps = setInterval(setClocks, 150)
  try {
    const order = { database, userId, base, count: messages }
    await Promise.all(
      writers.map((writer) => writer.write({ ...order, seed: random.below(2 ** 32) }, ledger)),
    )
  } finally {
    clearInterval(jumps)
  }
  tally.tried(WRITTEN, ledger.length())
}

async function followAll({ store, random }: Scene, userId: string, isOver: () => boolean) {
  const followings: Awaited<ReturnType<typeof follow>>[] = []
  while (!isOver() && followings.length < FOLLOWERS) {
    followings.push(await follow(store, userId, followings.length % 2 === 1))
    await pause(random.below(200))
  }
  return followings
}

/** What is stored, as the plain driver sees it; of what was acknowledged, nothing may be gone but what was deleted. */
async function truthOf({ db, isWhole, tally }: Scene, userId: string, ledger: Ledger): Promise<Written[]> {
  const rows = await db
    .collection('dialogue_messages')
    .find({ userId: new ObjectId(userId) }, { projection: { timestamp: 1 } })
    .toArray()
  const stored = new Map(rows.map(({ _id, timestamp }) => [String(_id), timestamp.getTime()]))
  for (const { id, at } of ledger.all) {
    const isGone = !stored.has(id)
    if (isGone && isWhole && !ledger.removed.has(id)) tally.lost(WRITTEN, `${id} is gone`)
    if (!isGone && ledger.removed.has(id)) tally.lost(WRITTEN, `${id} was deleted, and is there`)
    if (!isGone && stored.get(id) !== at)
      tally.lost(WRITTEN, `${id} is at ${stored.get(id)} instead of ${at}`)
  }
  return ledger.all.filter(({ id }) => stored.has(id)).sort(compare)
}

async function readQuietly(
  scene: Scene & { userId: string; base: number; truth: Written[]; ledger: Ledger },
): Promise<void> {
  const { tally, truth, ledger, checks } = scene
  const disorder = wrongOrder(truth)
  if (disorder) tally.lost(ORDER, disorder)
  tally.tried(ORDER)
  const complain = (what: string) => (detail: string) => tally.lost(what, detail)
  for (let i = 0; i < checks && truth.length > 0; i++) {
    tally.tried(WALKS, await walkExactly(scene, complain(WALKS)))
    await iterateExactly(scene, complain(ITERATIONS))
    await markExactly(scene, ledger.all, complain(MARKS))
    tally.tried(ITERATIONS)
    tally.tried(MARKS)
  }
}
