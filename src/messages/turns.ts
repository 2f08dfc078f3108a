import type { Deadline } from '../db/attempt.ts'
import { toStoreError, withOutcome } from '../db/failure.ts'
import type { KeyedQueue } from '../db/queue.ts'
import { inTransaction } from '../db/transaction.ts'
import type { ObjectId } from '../ids.ts'
import { id, parse } from '../input.ts'
import { messageNotFound, toEdit, toKeyFilter } from './edit.ts'
import type { Held } from './entry.ts'
import type { Look } from './look.ts'
import { BATCH } from './remove.ts'
import { type Deletion, deletion, type Message, type MessageDocument, toMessage } from './schema.ts'
import type { Settling } from './settle.ts'
import { createTurn, type Turn, type TurnNeeds } from './turn.ts'

interface Needs extends TurnNeeds {
  settling: Settling
  look: Look
  /** Transactions of one user conflict: in turn, they cost no reruns. */
  queue: KeyedQueue
  /** Called with messages that are stored. */
  onStored(documents: MessageDocument[], deadline: Deadline): Promise<void>
  /** The transaction is committed, and somebody else will settle it. */
  onUnsettled(error: unknown): void
}

/** Transactions with messages: the verbs that change messages, and what `withTransaction` is made of. */
export function createTurns<M>(needs: Needs) {
  const { database, settling, look, queue, onStored, onUnsettled, checkMetadata } = needs

  /** Runs work in a transaction, and carries out what it decided about messages when it is committed. */
  async function transact<T>(
    deadline: Deadline,
    work: (turn: Turn, inside: Deadline) => Promise<T>,
  ): Promise<T> {
    let held: Held[] = []
    let stored: MessageDocument[] = []
    const result = await inTransaction(database, deadline, async (inside) => {
      const turn = createTurn(needs, inside)
      const value = await work(turn, inside)
      held = await turn.write()
      stored = turn.appended()
      return value
    })
    if (held.length === 0) return result
    await settling
      .settle(held, deadline)
      .then(() => onStored(stored, deadline))
      .catch(onUnsettled)
    return result
  }

  /** At most a batch, so that other writers are not starved. */
  function removeBatch(userId: ObjectId, part: Deletion): Promise<number> {
    const deadline = database.deadline()
    const work = (turn: Turn) => turn.deleteMessages(userId, part, BATCH)
    return queue.run(userId.toHexString(), () => transact(deadline, work), deadline)
  }

  return {
    transact,

    reads: {
      async getMessage(user: unknown, key: unknown): Promise<Message<M>> {
        const userId = parse(id, user, ['userId'])
        const message = [{ $match: { ...toKeyFilter(key), userId } }, { $limit: 1 }]
        const { messages } = await look(userId, { message }, database.deadline())
        const [found] = messages.message ?? []
        if (!found) throw messageNotFound()
        return toMessage(found)
      },
    },

    writes: {
      async updateMessage(...given: unknown[]): Promise<Message<M>> {
        const edit = toEdit(given, checkMetadata)
        const deadline = database.deadline()
        const work = () => transact(deadline, (turn) => turn.updateMessage(edit))
        const changed = await queue.run(edit.userId.toHexString(), work, deadline)
        return toMessage(changed)
      },

      async deleteMessages(user: unknown, which: unknown): Promise<number> {
        const userId = parse(id, user, ['userId'])
        let removed = 0
        try {
          for (const part of toParts(parse(deletion, which, ['filter'])))
            for (let batch = BATCH; batch === BATCH; removed += batch) batch = await removeBatch(userId, part)
        } catch (error) {
          /* What was deleted before it stays deleted. */
          throw removed > 0 ? withOutcome(toStoreError(error), 'unknown') : error
        }
        return removed
      },
    },
  }
}

/** Ids in batches. Without any, the user is looked at all the same. */
function toParts(which: Deletion): Deletion[] {
  if (!('ids' in which)) return [which]
  const parts: Deletion[] = []
  for (let i = 0; i === 0 || i < which.ids.length; i += BATCH)
    parts.push({ ids: which.ids.slice(i, i + BATCH) })
  return parts
}
