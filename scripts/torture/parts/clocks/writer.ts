import './shifted.ts'
import { type DialogueStore, type Message, openStore, type StoreTransaction } from '../../../../src/index.ts'
import { createRandom, type Random } from '../../../lib/random.ts'
import type { Order, Report, Written } from './protocol.ts'

/*
 * Writes to one user as it is told, with a clock of its own, and tells what was stored, in the order of input. Ends
 * with its parent.
 */
const uri = process.env.MONGODB_URI ?? ''
const dbNames = process.argv.slice(2)
/* Two stores on each database: they are one process. */
const stores = await Promise.all(
  dbNames.map((dbName) => Promise.all([openStore({ uri, dbName }), openStore({ uri, dbName })])),
)
const report = (said: Report) => process.send?.(said)
let seq = 0

type Draft = { seq: number } & Parameters<DialogueStore['storeMessage']>[0]

/** Moments that many messages share, some long gone or to come, or whatever this process takes for now. */
function timestampOf({ base }: Order & { kind: 'write' }, random: Random): { timestamp?: Date } {
  const kind = random.below(20)
  if (kind < 7) return {}
  if (kind < 14) return { timestamp: new Date(base + random.below(4)) }
  if (kind < 16) return { timestamp: new Date(base - random.below(1e12)) }
  if (kind < 18) return { timestamp: new Date(base + random.below(1e13)) }
  return { timestamp: random.pick([new Date(8.64e15), new Date(-8.64e15), new Date(0), new Date()]) }
}

const draftOf = (order: Order & { kind: 'write' }, random: Random): Draft => ({
  seq: ++seq,
  userId: order.userId,
  sender: random.pick(['user', 'assistant']),
  type: random.pick(['text', 'voice'] as const),
  content: `${process.pid} ${seq}`,
  ...(random.below(3) === 0 && { conversationId: 'ticket' }),
  ...timestampOf(order, random),
})

async function storeAll(store: Pick<DialogueStore | StoreTransaction, 'storeMessages'>, drafts: Draft[]) {
  const outcomes = await store.storeMessages(drafts.map(({ seq: _, ...message }) => message))
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.error
    return outcome.message
  })
}

const toWritten = (
  { id, timestamp, sender, type, conversationId, cursor }: Message,
  number: number,
): Written => ({
  ...{ id, at: timestamp.getTime(), sender, type, conversationId, cursor, seq: number, writer: process.pid },
})

async function write(order: Order & { kind: 'write' }): Promise<void> {
  const random = createRandom(order.seed)
  const own: string[] = []
  for (let left = order.count; left > 0; ) {
    const [one, other] = stores[order.database] ?? []
    const store = random.below(2) === 0 ? one : other
    if (!store) throw new Error(`There is no database ${order.database}`)
    const drafts = Array.from({ length: 1 + random.below(Math.min(left, 12)) }, () => draftOf(order, random))
    left -= drafts.length
    const stored =
      random.below(8) === 0
        ? await store.withTransaction((tx) => storeAll(tx, drafts))
        : await storeAll(store, drafts)
    report({ stored: stored.map((message, i) => toWritten(message, drafts[i]?.seq ?? 0)) })
    own.push(...stored.map(({ id }) => id))
    if (random.below(6) === 0) await remove(store, order.userId, own.splice(random.below(own.length), 2))
  }
}

async function remove(store: DialogueStore, userId: string, ids: string[]): Promise<void> {
  report({ deleting: ids })
  await store.deleteMessages(userId, { ids })
}

process.on('message', async (order: Order) => {
  if (order.kind === 'clock') {
    globalThis.clockShiftMs = order.shiftMs
    return
  }
  try {
    await write(order)
    report({ done: true })
  } catch (error) {
    report({ failed: String(error instanceof Error ? error.stack : error) })
  }
})
process.on('disconnect', () => process.exit())
report({ done: true })
