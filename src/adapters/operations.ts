import { internalsIn } from '../beside.ts'
import type { StoreTransaction } from '../contract.ts'
import { attempt } from '../db/attempt.ts'
import { digest } from '../digest.ts'
import { invalidInput } from '../errors.ts'
import { seen } from '../messages/schema.ts'

/** Before the hash of an operation's id, in the external ids that stand for it. */
const PREFIX = 'agents-operation:'

/**
 * Which operations were applied to a conversation. An operation is an external id that is claimed in the transaction
 * that applies it, with the message of the claim dropped again: like a delivery, it counts once, for seven days.
 *
 * Forgetting needs the claims themselves. The store keeps them when messages are deleted, so that no delivery brings
 * one back; but a session that is cleared has to take its operations again.
 */
export function createOperations(store: unknown, conversationId: string) {
  const { database } = internalsIn(store)
  const claims = database.collection(seen)

  return {
    /**
     * Notes an operation down, together with what the transaction does.
     * @returns false: it was applied before
     * @throws DialogueStoreError `INVALID_INPUT` when it was another one
     */
    async begin(
      tx: StoreTransaction,
      userId: string,
      operationId: string,
      content: string,
    ): Promise<boolean> {
      const name = `${PREFIX}${digest(operationId)}`
      const claim = (externalId: string) =>
        tx.storeMessage({ userId, conversationId, sender: 'system', content: 'claim', externalId })
      const exact = await claim(`${name}:${digest(content)}`)
      if (!exact.created) return false
      const named = await claim(name)
      if (!named.created) throw takenBefore()
      await tx.deleteMessages(userId, { ids: [exact.message.id, named.message.id] })
      return true
    },

    /** Those that were applied by now. */
    async known(userId: string): Promise<string[]> {
      const begin = `${userId}:${JSON.stringify([conversationId, PREFIX]).slice(0, -2)}`
      const range = { $gte: begin, $lt: `${begin.slice(0, -1)};` }
      const options = { projection: { _id: 1 } } as const
      const found = await attempt(database.deadline(), 'read', (terms) =>
        claims.find({ _id: range }, { ...options, ...terms }).toArray(),
      )
      return found.map(({ _id }) => _id)
    },

    async forget(known: string[]): Promise<void> {
      if (known.length === 0) return
      await attempt(database.deadline(), 'write', (terms) =>
        claims.deleteMany({ _id: { $in: known } }, terms),
      )
    },
  }
}

const takenBefore = () =>
  invalidInput([
    {
      path: ['args', 'operationId'],
      reason: 'was already applied with a different transaction: take a new one',
    },
  ])
