import { internalsIn } from '../../../../../src/beside.ts'
import { check } from '../../../../../src/check/check.ts'
import { toStoreError } from '../../../../../src/db/failure.ts'
import type { DialogueStore } from '../../../../../src/index.ts'
import { transactionsEnded } from '../ground.ts'
import { leaveInserted, leaveOwed } from '../scene.ts'
import { chosen, everything, givenUp, redelivery, turn } from '../turns.ts'
import { allOf, type Operation } from './operation.ts'

/** What is about several kinds of documents. */
export const ofAll: Record<string, Operation> = {
  deleteUser: { call: (store, { userId }) => store.deleteUser(userId), inSteps: true },
  'deleteUser, to whom something is owed': {
    prepare: leaveOwed,
    call: (store, { userId }) => store.deleteUser(userId),
    inSteps: true,
  },
  exportUser: { call: (store, { userId }) => allOf(store.exportUser(userId)) },
  'withTransaction, a turn': { call: turn },
  'withTransaction, a turn that comes again': { prepare: turn, call: turn },
  'withTransaction, every verb': { call: everything },
  'withTransaction, given up': { call: givenUp },
  'withTransaction, a delivery that is known': { prepare: redelivery, call: redelivery },
  'withTransaction, a delivery that another process has left': { prepare: leaveInserted, call: redelivery },
  'withTransaction, with an id': { call: chosen },
  check: { call: checked },
  ping: { call: (store) => store.ping() },
  /* The server's own count has what an open transaction inserts. */
  stats: { prepare: (_, { db }) => transactionsEnded(db), call: (store) => store.stats() },
}

/** As the command line does it. */
function checked(store: DialogueStore): Promise<unknown> {
  return allOf(check({ database: internalsIn(store).database })).catch((error: unknown) => {
    throw toStoreError(error)
  })
}
