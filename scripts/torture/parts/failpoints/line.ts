import mongoose from 'mongoose'
import { BACKGROUND, type Fate, startProxy } from '../../rig/proxy.ts'

/** A command of the store, as it went over the line. */
export interface Sent {
  name: string
  db: string
  /** Undefined where it is about none. */
  collection: string | undefined
  /** Which one of that name and collection, from 1. */
  number: number
  isWrite: boolean
  /** It is a statement in one. */
  isInTransaction: boolean
}

/** What the server's `failCommand` does to a command. It adds the labels itself that it would add to such an error. */
export type FailPoint =
  | { closeConnection: true }
  | { errorCode: number }
  | { writeConcernError: { code: number; errmsg: string } }
  | { blockConnection: true; blockTimeMS: number }

/** What is to happen to which command, and how many times. */
export interface Trap {
  at: Sent
  way: FailPoint | 'reply lost'
  times: number
  /** Whose commands: what other stores send at the same time goes through. */
  appName: string
}

/** Where an OP_MSG has its command: after the header, the flags and the kind of section. */
const BODY = 21
const WRITES = new Set([
  ...['insert', 'update', 'delete', 'findAndModify', 'commitTransaction'],
  ...['create', 'collMod', 'createIndexes', 'renameCollection', 'drop', 'dropIndexes'],
])

/**
 * The line between a store and its server: notes what is sent, and sets the server's fail point at the moment when
 * the one command comes that it is for.
 */
export async function openLine(port: number, admin: mongoose.mongo.Db) {
  /* Drivers say hello to `admin`: to another database, it is the store. */
  const proxy = await startProxy(port, (command, message) =>
    command === 'hello' ? read(message).$db === 'admin' : BACKGROUND.includes(command),
  )
  const free = () => admin.command({ configureFailPoint: 'failCommand', mode: 'off' })

  const set = ({ at, way, times, appName }: Trap) =>
    admin.command({
      configureFailPoint: 'failCommand',
      mode: { times },
      data: {
        failCommands: [at.name],
        appName,
        ...(at.collection !== undefined && { namespace: `${at.db}.${at.collection}` }),
        ...(way === 'reply lost' ? {} : way),
      },
    })

  /** Runs work, and says what it has sent; in a trap, whether the command came that it was for. */
  async function listen<T>(work: () => Promise<T>, trap?: Trap) {
    const sent: Sent[] = []
    let met = 0
    proxy.judgeBy(async (_, message): Promise<Fate> => {
      const one = toSent(read(message), sent)
      sent.push(one)
      if (!trap || !isSame(one, trap.at) || (met === 0 && one.number !== trap.at.number)) return 'arrives'
      met++
      if (trap.way === 'reply lost') return met <= trap.times ? 'loses its reply' : 'arrives'
      if (met === 1) await set(trap)
      return 'arrives'
    })
    try {
      return { result: await work(), sent, isMet: met > 0 }
    } finally {
      proxy.judgeBy(() => 'arrives')
      if (trap) await free()
    }
  }

  return { uri: proxy.uri, listen, close: proxy.stop }
}

export type Line = Awaited<ReturnType<typeof openLine>>

function read(message: Buffer): mongoose.mongo.Document {
  const end = BODY + message.readInt32LE(BODY)
  return mongoose.mongo.BSON.deserialize(message.subarray(BODY, end))
}

type Kind = Pick<Sent, 'name' | 'collection'>
const isSame = (a: Kind, b: Kind): boolean => a.name === b.name && a.collection === b.collection

function toSent(command: mongoose.mongo.Document, before: Sent[]): Sent {
  const [[name, value] = ['', undefined]] = Object.entries(command)
  const named = name === 'getMore' ? command.collection : value
  const collection = typeof named === 'string' && command.$db !== 'admin' ? named : undefined
  return {
    name,
    db: String(command.$db),
    collection,
    number: 1 + before.filter((other) => isSame(other, { name, collection })).length,
    isWrite: WRITES.has(name) || (Array.isArray(command.pipeline) && command.pipeline.some(merges)),
    isInTransaction: command.autocommit === false && name !== 'commitTransaction',
  }
}

const merges = (stage: object): boolean => '$merge' in stage || '$out' in stage
