import mongoose from 'mongoose'
import { startServer } from '../../../../src/testing/server.ts'
import type { Attempt, Part } from '../../part.ts'
import { type Course, coursesOn } from './course.ts'
import { createDeck, type Deck } from './deck.ts'
import { FAILURES } from './failures.ts'
import { type Ground, openGround, quiet } from './ground.ts'
import { attemptOnce, type Card, learn, type Model, type Trial } from './judge.ts'
import { leftOn } from './leftovers.ts'
import { openLine } from './line.ts'
import { openings } from './openings.ts'
import { honest, MEDDLERS, PLANTED } from './plants.ts'

const MIB = 2 ** 20
const LEFT = 'nothing is left open, or behind'
/** Trials between two looks at what is left. */
const LOOK_EVERY = 200

export const failpoints: Part = {
  name: 'failpoints',
  about: 'fails each command that the library sends, in each way in which a server can fail it',
  minutes: 30,
  plants: {
    silent: 'an operation is said to be done that is not',
    half: 'a turn is said to be done of which a part is missing',
    untyped: 'an error is no DialogueStoreError',
  },
  run,
}

async function run(attempt: Attempt): Promise<void> {
  const { over, random, plant, tally } = attempt
  const field = await makeField(attempt)
  const courses = plant ? field.courses.filter(({ name }) => name.startsWith(PLANTED)) : field.courses
  const modelOf = remembered((course) => learn(field, course))
  const decks = FAILURES.map((failure) => createDeck(failure, courses, random, modelOf))
  const meddle = MEDDLERS[plant ?? ''] ?? honest
  const least = plant ? 1 : decks.length
  for (let trials = 0; trials < least || !over.aborted; ) {
    const deck = decks[trials] ?? random.pick(decks)
    const card = await deck.next()
    if (!card) throw new Error('No operation sends a command that this could befall.')
    const trial = await attemptOnce(field, card, meddle)
    if (!trial.isMet && !plant) continue
    trials++
    enter(tally, deck, card, trial)
    if (trials % LOOK_EVERY === 0) await lookAt(field, attempt)
  }
  if (!plant) await lookAt(field, attempt)
}

const remembered = (learnt: (course: Course) => Promise<Model>) => {
  const models = new Map<Course, Promise<Model>>()
  return (course: Course) => {
    const model = models.get(course) ?? learnt(course)
    models.set(course, model)
    return model
  }
}

function enter(tally: Attempt['tally'], deck: Deck, card: Card, { succeeded, complaints }: Trial): void {
  const { name } = card.failure
  tally.tried(name)
  deck.score(succeeded)
  for (const complaint of complaints) tally.lost(name, `${titleOf(card)}: ${complaint}`)
  tally.remark(name, deck.summary())
}

/** What failed, so that a maintainer finds it. */
function titleOf({ course, trap: { at, way, times } }: Card): string {
  const how = way === 'reply lost' ? way : JSON.stringify(way)
  return `${course.name}, ${at.name} ${at.collection ?? ''} no. ${at.number}, ${how}, ${times} times`
}

async function makeField({ defer }: Attempt) {
  /* What nobody ends, since its reply was lost, the server does: soon, so that what is left over is somebody's fault. */
  const limits = [
    'transactionLifetimeLimitSeconds=3',
    'cursorTimeoutMillis=3000',
    'enableTimeoutOfInactiveSessionCursors=true',
  ]
  const args = limits.flatMap((limit) => ['--setParameter', limit])
  const { uri, members, stop } = await startServer({ own: true, args })
  defer(stop)
  const admin = await mongoose.mongo.MongoClient.connect(uri)
  defer(() => admin.close())
  const line = await openLine(members[0]?.port ?? 0, admin.db('admin'))
  defer(async () => line.close())
  const needs = { uri, line, admin, defer }
  const capped = await openGround(needs, 'failpoints-capped', { kind: 'capped', sizeBytes: 4 * MIB })
  const rolling = await openGround(needs, 'failpoints-rolling', { kind: 'rolling', maxPerUser: 2000 })
  const dbName = 'failpoints-opening'
  const place = { uri, dbName, db: admin.db(dbName), timeoutMs: 30_000 }
  return {
    uri,
    line,
    grounds: [capped, rolling],
    courses: [...coursesOn(capped), ...coursesOn(rolling), ...openings(place, line.uri)],
    quiet: () => quiet(admin),
  }
}

async function lookAt(
  { grounds, uri }: { grounds: Ground[]; uri: string },
  { tally }: Attempt,
): Promise<void> {
  for (const ground of grounds) {
    const left = await leftOn(ground, uri)
    tally.tried(LEFT)
    for (const one of left) tally.lost(LEFT, `${ground.name}: ${one}`)
  }
}
