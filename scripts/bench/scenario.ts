import { randomBytes } from 'node:crypto'
import type mongoose from 'mongoose'
import { testServer } from '../../src/testing/index.ts'
import { loadConversations } from '../lib/conversations.ts'
import { connectDriver } from '../lib/driver.ts'
import { createProgress } from '../lib/progress.ts'
import type { Defer } from '../lib/run.ts'
import { type Contestant, compete, type Results, type Rounds } from './measure/contest.ts'
import { sampleCalls } from './measure/sample.ts'
import type { Peer, Verbs } from './peers/peer.ts'
import { createRemotes } from './peers/remote.ts'
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
  /** Opens a peer in a database of its own. */
  open<V extends Verbs>(
    peer: { name: string; open(scene: Scene): Promise<V> },
    scene: Pick<Scene, 'users' | 'capBytes'>,
  ): Promise<V>
  /** The driver's view of the database that a peer works in. */
  db(verbs: Verbs): mongoose.mongo.Db
  /** Of calls in this process. */
  contestant(name: string, call: () => Promise<unknown>, perCall?: number): Contestant
  /** Of calls in a process of a peer that measures itself. Empty where the machine lacks what the peer needs. */
  remote: ReturnType<typeof createRemotes>['contestants']
  compete(label: string, callers: number, contestants: Contestant[]): Promise<Results>
  /** Closes what was opened. */
  clear(): Promise<void>
}

export interface StageOptions extends Rounds {
  quick: boolean
}

export async function openStage({ quick, rounds, ms }: StageOptions, defer: Defer): Promise<Stage> {
  const server = await testServer()
  defer(() => server.stop())
  const client = await connectDriver(server.uri)
  defer(() => client.close())
  const admin = client.db().admin()
  const texts = (await loadConversations()).flatMap(({ messages }) =>
    messages.flatMap(({ text }) => (text === '' ? [] : [text])),
  )
  let text = 0
  const opened = new Map<Verbs, string>()
  const nextText = () => texts[text++ % texts.length] ?? ''
  const remotes = createRemotes(nextText)
  defer(remotes.stop)
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
    remote: remotes.contestants,
    async compete(label, callers, contestants) {
      const total = contestants.length * (rounds + 1)
      const progress = createProgress({ total, label, unit: 'samples' })
      try {
        return await compete(contestants, { rounds, ms, callers }, () => progress.add(1))
      } finally {
        progress.stop()
      }
    },
    clear,
  }
}

export type { Peer }
