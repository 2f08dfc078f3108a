import { createContexts } from '../contexts/contexts.ts'
import { type Deadline, outside } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { createEvents } from '../events/events.ts'
import { createEventReading } from '../events/retrieve.ts'
import { type Observer, observed } from '../log.ts'
import { MOST_PENDING } from '../messages/history.ts'
import type { createMessages } from '../messages/model.ts'
import type { Turn } from '../messages/turn.ts'
import { createTurnVerbs } from '../messages/verbs.ts'
import type { ShapeChecks } from '../shape.ts'
import { createUserVerbs, type UserDirectory } from '../users/users.ts'

interface Needs {
  database: Database
  shapes: ShapeChecks
  directory: UserDirectory
  creators: Parameters<typeof createEventReading>[0]['creators']
  countFrom: ReturnType<typeof createMessages>['countFrom']
}

/**
 * The verbs of a transaction are those of the store, on a database whose every deadline is the transaction's: so
 * each of their commands is sent in it. Only messages are different.
 */
export function createBinding({ database, shapes, directory, creators, countFrom }: Needs) {
  return (turn: Turn, inside: Deadline, observer: Observer) => {
    const bound: Database = { ...database, deadline: () => inside }
    const contexts = createContexts({
      database: bound,
      checkData: shapes.context,
      countAfter: async (userId, read, filter) => {
        const draft = await turn.reserve(userId)
        const found = await read()
        const stored = await countFrom(userId, found.covers, filter, outside(inside), draft.removals())
        const count = stored + draft.changeAfter(found.covers, filter)
        return { found, count: Math.min(count, MOST_PENDING) }
      },
    })
    const events = createEvents({
      database: bound,
      checkData: shapes.eventData,
      directory,
    })
    const { getEvent } = createEventReading({ database: bound, creators, requireUser: directory.require })
    const { createUser, ensureUser, updateUser, getUser, findUser } = createUserVerbs({
      database: bound,
      checkData: shapes.userData,
      createContext: contexts.createEmpty,
    })
    const verbs = {
      createUser,
      ensureUser,
      updateUser,
      getUser,
      findUser,
      ...contexts.writes,
      ...contexts.reads,
    }
    return {
      ...observed(observer, 'debug', 'user', { ...verbs, ...createTurnVerbs(turn, shapes.metadata) }),
      ...observed(observer, 'debug', 'event', { ...events, getEvent }),
    }
  }
}
