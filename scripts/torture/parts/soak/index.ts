import { setTimeout as pause } from 'node:timers/promises'
import { type Conversation, loadConversations } from '../../../lib/conversations.ts'
import type { Attempt, Part } from '../../part.ts'
import { act, type World } from './actor.ts'
import { freezeAtTimes } from './faults.ts'
import { createGauges, type Gauges } from './flat.ts'
import { followAll } from './followed.ts'
import { planter, plants } from './plants.ts'
import { makeScene, type Scene } from './scene.ts'

const ACTORS = 12
const CONVERSATIONS = 1000
/** Between two samples: each collects all garbage, which takes long where the heap is large. */
const SHORTEST_REST_MS = 1500
const REST_SHARE = 1 / 40
const RESTS = 10
/** How long what was stored may take to be followed, with a server that is frozen in between. */
const PATIENCE_MS = 30_000

export const soak: Part = {
  name: 'soak',
  about: 'real conversations with faults, against a model; nothing grows, nothing gets slower',
  minutes: 10,
  plants,
  async run(attempt) {
    const scene = await makeScene(attempt)
    const gauges = createGauges(scene.admin)
    const world = await makeWorld(attempt, scene, gauges)
    const actors = Promise.all(Array.from({ length: ACTORS }, () => act(world)))
    await Promise.all([actors, freezeAtTimes(attempt, scene.pids), sampleWhile(actors, gauges.take)])
    gauges.judge(attempt.tally)
  },
}

let some: Promise<Conversation[]> | undefined

function someConversations(): Promise<Conversation[]> {
  some ??= loadConversations().then((all) => all.slice(0, CONVERSATIONS).map(copied))
  return some
}

/** Parts of a long text keep the whole of it. */
const copied = ({ id, messages }: Conversation): Conversation => ({
  id,
  messages: messages.map((one) => ({ ...one, text: structuredClone(one.text) })),
})

async function makeWorld(attempt: Attempt, { store, hasty, db }: Scene, gauges: Gauges): Promise<World> {
  const conversations = attempt.random.shuffle(await someConversations())
  const followed = followAll(store, attempt)
  attempt.defer(followed.stop)
  const plant = planter(attempt, db)
  let next = 0
  return {
    attempt,
    stores: [store, hasty],
    nextConversation: () => conversations[next++ % conversations.length] ?? { id: '', messages: [] },
    isOver: () => attempt.over.aborted && gauges.canJudge(),
    onTurn() {
      gauges.countTurn()
      return plant.afterTurn()
    },
    onCheck: ({ id }) => plant.beforeCheck(id),
    onFarewell(person) {
      const end = performance.now() + PATIENCE_MS
      return followed.settle(person, async () => {
        await pause(50)
        return performance.now() < end
      })
    },
  }
}

/** While the actors play: at first often, later less, and never so that collecting is most of what is done. */
async function sampleWhile(playing: Promise<unknown>, take: () => Promise<void>): Promise<void> {
  const ended = new AbortController()
  const end = () => ended.abort()
  playing.then(end, end)
  for (const begin = performance.now(); !ended.signal.aborted; ) {
    const from = performance.now()
    await take()
    const now = performance.now()
    const rest = Math.max(SHORTEST_REST_MS, (now - begin) * REST_SHARE, (now - from) * RESTS)
    await pause(rest, undefined, { signal: ended.signal }).catch(() => {})
  }
}
