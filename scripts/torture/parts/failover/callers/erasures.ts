import { setTimeout as pause } from 'node:timers/promises'
import { ObjectId } from '../../../../../src/ids.ts'
import { type Caller, Surprise, type World } from './caller.ts'

const START = new Date('2030-01-15T14:00:00Z')
const MESSAGES = 3
const NOW_AND_THEN_MS = 300

/** Users who come, say something, and are erased. */
export async function createErasures({ store, db }: World): Promise<Caller> {
  const erased: ObjectId[] = []

  async function come(userId: string): Promise<void> {
    await store.createUser({ id: userId, identities: [{ provider: 'failover', id: userId }] })
    const said = { userId, sender: 'user', content: 'is to be forgotten' }
    const outcomes = await store.storeMessages(Array.from({ length: MESSAGES }, () => said))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.error
    await store.storeContext(userId, { is: 'to be forgotten' })
    await store.storeEvent({ creatorId: userId, summary: 'Is to be forgotten', start: START })
  }

  /** Documents of those who were erased. */
  async function leftIn(name: string, key: string): Promise<string[]> {
    const left = await db
      .collection(`dialogue_${name}`)
      .find({ [key]: { $in: erased } })
      .toArray()
    return left.map((document) => `of ${document[key]}, who was erased, ${document._id} is left in ${name}`)
  }

  return {
    name: 'createUser, deleteUser',
    isWriter: false,
    async call() {
      const userId = new ObjectId()
      await come(userId.toHexString())
      const { messages, contexts, events } = await store.deleteUser(userId)
      erased.push(userId)
      if (messages !== MESSAGES || contexts !== 1 || events !== 1)
        throw new Surprise(
          `of ${userId}, ${messages} messages, ${contexts} contexts and ${events} events were erased`,
        )
      await pause(NOW_AND_THEN_MS)
    },
    acknowledged: () => erased.length,
    check: async () =>
      (
        await Promise.all([
          leftIn('messages', 'userId'),
          leftIn('contexts', 'userId'),
          leftIn('events', 'creatorId'),
        ])
      ).flat(),
    messageIds: () => [],
  }
}
