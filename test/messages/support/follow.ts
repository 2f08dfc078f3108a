import type mongoose from 'mongoose'
import type { DialogueStore, FollowedMessage, FollowOptions } from '../../../src/index.ts'

/** Somebody who follows, and what they were given so far. */
export interface Follower {
  items: FollowedMessage[]
  /** The contents of the messages. */
  contents(): string[]
  /** Resolves when there are so many, or it ended. */
  has(count: number): Promise<FollowedMessage[]>
  /** How it ended: undefined if quietly. */
  ended: Promise<unknown>
  stop(): Promise<void>
}

/** Follows in the background, from the moment of the call. */
export function startFollower(
  store: DialogueStore,
  options: FollowOptions = {},
  pace: (item: FollowedMessage) => unknown = () => {},
): Follower {
  const items: FollowedMessage[] = []
  const controller = new AbortController()
  let notify = () => {}
  let over = false
  const run = async () => {
    try {
      for await (const item of store.followMessages({ signal: controller.signal, ...options })) {
        items.push(item)
        notify()
        await pace(item)
      }
      return undefined
    } catch (error) {
      return error
    } finally {
      over = true
      notify()
    }
  }
  const ended = run()
  return {
    items,
    contents: () => items.map(({ message }) => message.content),
    async has(count) {
      while (items.length < count && !over) {
        await new Promise<void>((resolve) => {
          notify = resolve
        })
      }
      if (items.length < count) throw new Error(`ended with ${items.length} messages: ${await ended}`)
      return items
    },
    ended,
    async stop() {
      controller.abort()
      const error = await ended
      if (error) throw error
    },
  }
}

/** The change streams that the server keeps open on a database. */
export async function openStreams(client: mongoose.mongo.MongoClient, dbName: string): Promise<number> {
  const found = await client
    .db('admin')
    .aggregate([
      { $currentOp: { allUsers: true, idleCursors: true } },
      {
        $match: {
          /* While one waits for something to happen, and in between. */
          ns: { $in: [`${dbName}.$cmd`, `${dbName}.$cmd.aggregate`] },
          'cursor.originatingCommand.pipeline.0.$changeStream': { $exists: true },
        },
      },
    ])
    .toArray()
  return new Set(found.map(({ cursor }) => String(cursor.cursorId))).size
}
