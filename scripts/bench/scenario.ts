import { randomBytes } from 'node:crypto'
import type mongoose from 'mongoose'
import { testServer } from '../../src/testing/index.ts'
import { loadConversations } from '../lib/conversations.ts'
import { connectDriver } from '../lib/driver.ts'
import { createProgress } from '../lib/progress.ts'
import type { Defer } from '../lib/run.ts'
import { type Contestant, compete, type Results, type Rounds } from './measure/contest.ts'
import { profiled } from './measure/profile.ts'
import { sampleCalls } from './measure/sample.ts'
import { django } from './peers/django.ts'
import { type ChosenPeer, choosePeers, isAnothers, type PeerName } from './peers/index.ts'
import type { Verb, Verbs } from './peers/peer.ts'
import { createRemotes, type RemoteScene, type RemoteVerb } from './peers/remote.ts'
import type { Scene } from './peers/scene.ts'
import type { Outcome } from './report/outcome.ts'

export interface Scenario {
  /** For `--only`. */
  name: string
  about: string
  run(stage: Stage): Promise<Outcome[]>
}

/** Where scenarios play: one server for all, and a database for each peer, dropped when its scenario is over. */
export interface Stage extends Rounds {
  quick: boolean
  uri: string
  admin: mongoose.mongo.Admin
  /** Texts of real conversations, one after the other, for ever. */
  nextText(): string
  /** Those who take part and have all of these verbs, ours first. */
  peers<V extends Verb>(...verbs: V[]): Promise<ChosenPeer<V>[]>
  /** Opens a peer in a database of its own. */
  open<V extends Verbs>(
    peer: { name: string; open(scene: Scene): Promise<V> },
    scene: Pick<Scene, 'users' | 'capBytes'>,
  ): Promise<V>
  /** The driver's view of the database that a peer works in. */
  db(verbs: Verbs): mongoose.mongo.Db
  /** Of calls in this process. */
  contestant(name: string, call: () => Promise<unknown>, perCall?: number): Contestant
  /** Of calls in the process of a peer that measures itself. None where it takes no part, or can't be started. */
  remote(verb: RemoteVerb, scene: RemoteScene): Promise<Contestant[]>
  /** @param times other than the stage's */
  compete(
    label: string,
    callers: number,
    contestants: Contestant[],
    times?: Partial<Rounds>,
  ): Promise<Results>
  /** Closes what was opened. */
  clear(): Promise<void>
}

export interface StageOptions extends Rounds {
  quick: boolean
  /** Who may take part. */
  peers: readonly PeerName[]
  /** Where profiles of our own turns go. Absent: there are none. */
  profiles?: string | undefined
}

export async function openStage(options: StageOptions, defer: Defer): Promise<Stage> {
  const { quick, rounds, ms } = options
  const server = await testServer()
  defer(() => server.stop())
  const client = await connectDriver(server.uri)
  defer(() => client.close())
  const admin = client.db().admin()
  const texts = (await loadConversations()).flatMap(({ messages }) =>
    messages.flatMap(({ text }) => (text === '' ? [] : [text])),
  )
  let text = 0
  const nextText = () => texts[text++ % texts.length] ?? ''
  const remotes = createRemotes(nextText)
  defer(remotes.stop)
  const opened = new Map<Verbs, string>()
  const clear = async () => {
    await remotes.clear()
    for (const [verbs, dbName] of opened) {
      opened.delete(verbs)
      await verbs.close()
      await client.db(dbName).dropDatabase()
    }
  }
  defer(clear)
  return {
    quick,
    rounds,
    ms,
    uri: server.uri,
    admin,
    nextText,
    peers: (...verbs) => choosePeers(options.peers, verbs),
    async open(peer, scene) {
      const dbName = `bench-${randomBytes(6).toString('hex')}`
      const verbs = await peer.open({ ...scene, uri: server.uri, dbName })
      opened.set(verbs, dbName)
      return verbs
    },
    db: (verbs) => client.db(opened.get(verbs)),
    contestant: (name, call, perCall = 1) => ({
      name,
      sample: (load) => sampleCalls(call, { ...load, perCall, admin }),
    }),
    remote: async (verb, scene) =>
      options.peers.includes('django') ? remotes.contestants(django, verb, scene) : [],
    compete: (label, callers, contestants, times) =>
      hold(label, contestants, { rounds, ms, ...times, callers, profiles: options.profiles }),
    clear,
  }
}

type Contest = Rounds & { callers: number } & Pick<StageOptions, 'profiles'>

/** A contest, with its progress. */
async function hold(label: string, contestants: Contestant[], contest: Contest): Promise<Results> {
  const { rounds, profiles } = contest
  const ours = profiles ? contestants.filter(({ name }) => !isAnothers(name)).map(profiled) : []
  const all = contestants.map((one) => ours.find(({ name }) => name === one.name) ?? one)
  const total = contestants.length * (rounds + 1)
  const progress = createProgress({ total, label, unit: 'samples' })
  try {
    const results = await compete(all, contest, () => progress.add(1))
    for (const one of ours) await one.write(profiles ?? '', label)
    return results
  } finally {
    progress.stop()
  }
}
