import type { Message } from '../../../../../src/index.ts'
import { createLedger } from '../ledger.ts'
import { type Caller, MESSAGES, Surprise, textsOf, type World } from './caller.ts'

/** Every so many deliveries, an earlier one comes again. */
const REPEAT_EACH = 4
const MANY = 5

/** A message at a time; and somebody who reads them, who sees all that was acknowledged before. */
export async function createMessages(world: World): Promise<Caller[]> {
  const { store } = world
  const { id: userId } = await store.createUser({ name: 'Says one thing after the other' })
  const ledger = createLedger()
  let last = -1
  const writer: Caller = {
    name: 'storeMessage',
    isWriter: true,
    async call(n) {
      const content = `message ${n}`
      ledger.wanted(content)
      const { message } = await store.storeMessage({ userId, sender: 'user', content })
      ledger.acknowledged(content, message.id)
      last = n
    },
    acknowledged: ledger.count,
    check: async () => ledger.compare(await textsOf(world, MESSAGES, userId)),
    messageIds: ledger.ids,
  }
  const reader: Caller = {
    ...writer,
    name: 'retrieveHistory, getUser, retrieveContext',
    isWriter: false,
    async call() {
      const known = last
      const [{ messages }] = await Promise.all([
        store.retrieveHistory(userId),
        store.getUser(userId),
        store.retrieveContext(userId, { pending: true }),
      ])
      const newest = Number(messages.at(-1)?.content.split(' ')[1] ?? -1)
      if (newest < known)
        throw new Surprise(`message ${known} was acknowledged, and message ${newest} is the newest`)
    },
    acknowledged: () => 0,
    check: async () => [],
    messageIds: () => [],
  }
  return [writer, reader]
}

/** Deliveries of a platform, which come again now and then. */
export async function createDeliveries(world: World): Promise<Caller> {
  const { store, random } = world
  const { id: userId } = await store.createUser({ name: 'Is delivered twice' })
  const ledger = createLedger()
  const delivered: Message[] = []
  const deliver = (content: string) =>
    store.storeMessage({ userId, sender: 'user', content, externalId: content })

  async function again({ content, id }: Message): Promise<void> {
    const { message, created } = await deliver(content)
    if (created || message.id !== id)
      throw new Surprise(
        `"${content}" (${id}) came again, and was ${created ? 'created' : 'found'} as ${message.id}`,
      )
  }
  return {
    name: 'storeMessage with externalId',
    isWriter: true,
    async call(n) {
      if (n % REPEAT_EACH === REPEAT_EACH - 1 && delivered.length > 0) return again(random.pick(delivered))
      const content = `delivery ${n}`
      ledger.wanted(content)
      const { message, created } = await deliver(content)
      ledger.acknowledged(content, message.id)
      delivered.push(message)
      if (!created) throw new Surprise(`"${content}" (${message.id}) came first, and was not created`)
    },
    acknowledged: ledger.count,
    check: async () => ledger.compare(await textsOf(world, MESSAGES, userId)),
    messageIds: ledger.ids,
  }
}

/** Several at once, some of them with external ids. */
export async function createBulks(world: World): Promise<Caller> {
  const { store } = world
  const { id: userId } = await store.createUser({ name: 'Says much at once' })
  const ledger = createLedger()
  return {
    name: 'storeMessages',
    isWriter: true,
    async call(n) {
      const contents = Array.from({ length: MANY }, (_, i) => `bulk ${n}, ${i}`)
      for (const content of contents) ledger.wanted(content)
      const outcomes = await store.storeMessages(
        contents.map((content, i) => ({
          ...{ userId, sender: 'user', content },
          ...(i % 2 === 0 && { externalId: content }),
        })),
      )
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') throw outcome.error
        ledger.acknowledged(outcome.message.content, outcome.message.id)
        if (outcome.status === 'duplicate')
          throw new Surprise(`"${outcome.message.content}" came first, and was called a duplicate`)
      }
    },
    acknowledged: ledger.count,
    check: async () => ledger.compare(await textsOf(world, MESSAGES, userId)),
    messageIds: ledger.ids,
  }
}
