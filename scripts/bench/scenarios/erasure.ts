import { setTimeout as pause } from 'node:timers/promises'
import type { DialogueStore } from '../../../src/index.ts'
import { createProgress } from '../../lib/progress.ts'
import { type Latency, startLoops } from '../measure/loops.ts'

export interface ErasureOptions {
  messages: number
  writers: number
  rounds: number
}

export interface ErasureFigures {
  /** What other writers see while nobody is erased, and while somebody is. */
  quiet: Latency
  erasing: Latency
  /** Of the erasure. */
  seconds: number
  perSecond: number
}

const BATCH = 2000
const QUIET_MS = 3000

/** How writers fare while somebody with many messages is erased. */
export async function measureErasure(
  store: DialogueStore,
  { messages, writers, rounds }: ErasureOptions,
): Promise<ErasureFigures[]> {
  const { id: writer } = await store.createUser({ name: 'Writer' })
  const write = () => store.storeMessage({ userId: writer, sender: 'user', content: 'still here' })
  const figures: ErasureFigures[] = []
  for (let round = 0; round < rounds; round++) {
    const userId = await fill(store, messages, `Filling, round ${round + 1}`)
    const stopQuiet = startLoops(writers, write)
    await pause(QUIET_MS)
    const quiet = await stopQuiet()
    const stop = startLoops(writers, write)
    const begin = performance.now()
    const receipt = await store.deleteUser(userId)
    const seconds = (performance.now() - begin) / 1000
    if (receipt.messages !== messages) throw new Error(`the receipt says ${receipt.messages} messages`)
    figures.push({ quiet, erasing: await stop(), seconds, perSecond: messages / seconds })
  }
  return figures
}

async function fill(store: DialogueStore, messages: number, label: string): Promise<string> {
  const { id: userId } = await store.createUser({ name: 'Talkative' })
  const progress = createProgress({ total: messages, label, unit: 'messages' })
  try {
    for (let i = 0; i < messages; i += BATCH) {
      const inputs = Array.from({ length: Math.min(BATCH, messages - i) }, (_, n) => ({
        userId,
        sender: 'user',
        content: `message ${i + n}`,
      }))
      await store.storeMessages(inputs)
      progress.add(inputs.length)
    }
  } finally {
    progress.stop()
  }
  return userId
}
