import { setTimeout as pause } from 'node:timers/promises'
import mongoose from 'mongoose'
import { startServer, type TestServerMember } from '../../../../src/testing/index.ts'
import type { Defer } from '../../../lib/run.ts'
import { restartMember } from '../../rig/member.ts'
import { type Network, startNetwork } from './network.ts'

type Client = mongoose.mongo.MongoClient

/** How soon the members notice that one of them is away. */
export interface Pace {
  heartbeatIntervalMillis: number
  heartbeatTimeoutSecs: number
  electionTimeoutMillis: number
}

/** The server's own defaults. */
export const UNHURRIED: Pace = {
  heartbeatIntervalMillis: 2000,
  heartbeatTimeoutSecs: 10,
  electionTimeoutMillis: 10_000,
}
export const HURRIED: Pace = {
  heartbeatIntervalMillis: 200,
  heartbeatTimeoutSecs: 2,
  electionTimeoutMillis: 2000,
}

/** Members, and a network between them, and between them and the bot. */
export interface ReplicaSet {
  /** Through the network. */
  uri: string
  network: Network
  /** To each member, past the network. */
  direct: Client[]
  /** Its number; waits until there is one. */
  primary(): Promise<number>
  pidOf(member: number): number
  restart(member: number): Promise<void>
  keepPace(pace: Pace): Promise<void>
  /** Resolves when one member is primary, and the others follow it. */
  whole(): Promise<void>
}

const WHOLE_MS = 180_000
const POLL_MS = 50
/** A member that is down is not looked for any longer. */
const PROMPT = {
  directConnection: true,
  retryWrites: false,
  serverSelectionTimeoutMS: 1000,
  minHeartbeatFrequencyMS: 50,
}

/** @param count one member is enough where nothing befalls it */
export async function startSet(defer: Defer, count: 1 | 3): Promise<ReplicaSet> {
  const { electionTimeoutMillis: electionTimeoutMs } = HURRIED
  const options = { members: count, electionTimeoutMs, own: true }
  const server = await startServer(options)
  defer(server.stop)
  const members = [...server.members]
  const network = await startNetwork(members.map(({ port }) => port))
  defer(network.close)
  const direct = members.map(
    ({ port }) => new mongoose.mongo.MongoClient(`mongodb://127.0.0.1:${port}`, PROMPT),
  )
  defer(() => Promise.all(direct.map((client) => client.close())))
  const hosts = network.ports.map((port) => `127.0.0.1:${port}`)

  async function primary(): Promise<number> {
    await whole()
    const answers = await Promise.all(direct.map(hello))
    return answers.findIndex((answer) => answer?.isWritablePrimary)
  }

  async function configure(
    change: (config: mongoose.mongo.Document) => mongoose.mongo.Document,
  ): Promise<void> {
    const admin = direct[await primary()]?.db('admin')
    const answer = await admin?.command({ replSetGetConfig: 1 })
    const config = { ...answer?.config, version: answer?.config.version + 1 }
    await admin?.command({ replSetReconfig: change(config) })
  }

  async function whole(): Promise<void> {
    const deadline = performance.now() + WHOLE_MS
    while (!(await isWhole(direct))) {
      if (performance.now() > deadline) throw new Error(`The set is not whole again after ${WHOLE_MS} ms.`)
      await pause(POLL_MS)
    }
  }

  /* The gates stand where the members stood: so all of them, and every bot, go through these. */
  await configure((config) => ({
    ...config,
    members: config.members.map((member: { _id: number }) => ({ ...member, host: hosts[member._id] })),
  }))
  await whole()

  return {
    uri: `mongodb://${hosts.join(',')}/?replicaSet=rs0`,
    network,
    direct,
    primary,
    pidOf: (member) => pidOf(members, member),
    async restart(member) {
      const killed = members[member]
      if (killed) members[member] = await restartMember(killed, options)
    },
    keepPace: (pace) => configure((config) => ({ ...config, settings: { ...config.settings, ...pace } })),
    whole,
  }
}

function pidOf(members: TestServerMember[], member: number): number {
  const pid = members[member]?.pid
  if (pid === undefined) throw new RangeError(`The set has no member ${member}`)
  return pid
}

const hello = (client: Client): Promise<mongoose.mongo.Document | undefined> =>
  client
    .db('admin')
    .command({ hello: 1 })
    .catch(() => undefined)

/** Every member has to say so: a bot asks each of them. */
async function isWhole(direct: Client[]): Promise<boolean> {
  const answers = await Promise.all(direct.map(hello))
  const primaries = answers.filter((answer) => answer?.isWritablePrimary)
  const followers = answers.filter((answer) => answer?.secondary && answer.primary === primaries[0]?.me)
  return primaries.length === 1 && followers.length === direct.length - 1
}
