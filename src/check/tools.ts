import { createContexts } from '../contexts/contexts.ts'
import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { createKeyedQueue } from '../db/queue.ts'
import { createErasedEvents } from '../events/erased.ts'
import type { ObjectId } from '../ids.ts'
import { createJournal } from '../messages/journal.ts'
import { createMessages } from '../messages/model.ts'
import { createRetention } from '../messages/retention.ts'
import { ERASED_AT_ONCE } from '../migrations/baseline.ts'
import { shapeChecks } from '../shape.ts'
import { createErasure } from '../users/erase.ts'
import { ALIVE, type TombstoneDocument, type UserDocument, users } from '../users/schema.ts'
import { createDirectory } from '../users/users.ts'

export type Tools = Awaited<ReturnType<typeof createTools>>

/** `erasing`: what the user has left is still being removed, or was when a process stopped. */
export type Fate = 'alive' | 'erasing' | 'gone'

/** What repairs are made with: the models' own code, as a store has it. */
export async function createTools(database: Database) {
  const retention = createRetention(database)
  await retention.load()
  const queue = createKeyedQueue()
  const directory = createDirectory(database, queue)
  const everybody = database.internal<UserDocument | TombstoneDocument>(users.collection)
  const { erased, countAfter } = createMessages({
    database,
    retention,
    directory,
    users: { collection: database.internal(users.collection), alive: ALIVE },
    shapes: shapeChecks({}),
    maxQueuedBytes: 1,
    queue,
    /* The findings tell. */
    warn: () => {},
    onParked: () => {},
  })
  const contexts = createContexts({ database, checkData: undefined, countAfter })
  const events = createErasedEvents(database)
  const belongings = { eraseContext: contexts.erase, messages: erased, events, rest: ERASED_AT_ONCE }
  return {
    retention,
    directory,
    createContext: contexts.createEmpty,
    journal: createJournal(database),
    messages: erased,
    events,
    /** Goes on with an erasure until nothing is left. */
    erase: createErasure(database, belongings, queue).drain,

    /** What has become of users, by their hex ids. */
    async fates(ids: ObjectId[]): Promise<(id: ObjectId) => Fate> {
      const projection = { erasedAt: 1, 'erasing.step': 1 }
      const found = await attempt(database.deadline(), 'read', (terms) =>
        everybody.find({ _id: { $in: ids } }, { projection, ...terms }).toArray(),
      )
      const known = new Map(found.map((one) => [one._id.toHexString(), fateOf(one)]))
      return (id) => known.get(id.toHexString()) ?? 'gone'
    },
  }
}

function fateOf(user: UserDocument | TombstoneDocument): Fate {
  if (!('erasedAt' in user)) return 'alive'
  return user.erasing ? 'erasing' : 'gone'
}
