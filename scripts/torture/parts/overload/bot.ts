import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { DialogueStoreError, openStore } from '../../../../src/index.ts'
import { heldHeap } from '../../../lib/memory.ts'
import {
  type BotOptions,
  BULK,
  type Job,
  type Jobs,
  MESSAGE_BYTES,
  type Outcomes,
  type Request,
  type Sample,
} from './jobs.ts'

/*
 * A bot in a process of its own, whose memory is that of its store and of what its callers hold. Does one job after
 * the other.
 */
const { keepsRefused, ...options }: BotOptions = JSON.parse(process.argv[2] ?? '')
const CALLERS = 32
const TICK_MS = 10
/** As many have room whenever nothing else waits. */
const FEW = 64
const SAMPLE_MS = 250

const store = await openStore(options)
const { id: userId } = await store.createUser({ name: 'Ana' })
const outcomes: Outcomes = { stored: [], refused: [], waited: 0, pages: 0, wrong: [] }
let made = 0
let queued = 0
/** Only where a fault is planted. */
const kept: Message[] = []
let isFlooded = false
let beside: Promise<unknown> = Promise.resolve()

function makeMessage() {
  const content = randomBytes(MESSAGE_BYTES / 2).toString('hex')
  return { userId, sender: 'user', content, metadata: { number: made++ } }
}
type Message = ReturnType<typeof makeMessage>

/** Refused as it is promised: nothing was sent, and it may be called again. */
const isRefusal = (error: unknown): boolean =>
  error instanceof DialogueStoreError &&
  error.code === 'OVERLOADED' &&
  error.outcome === 'not-applied' &&
  error.retryable

async function offer(message = makeMessage()): Promise<void> {
  const { number } = message.metadata
  queued++
  try {
    await store.storeMessage(message)
    outcomes.stored.push(number)
  } catch (error) {
    if (!isRefusal(error)) outcomes.wrong.push(`message ${number}: ${error}`)
    else if (keepsRefused) kept.push(message)
    else outcomes.refused.push(number)
  } finally {
    queued--
  }
}

async function storeBulk(count: number): Promise<void> {
  const inputs = Array.from({ length: count }, makeMessage)
  for (const [i, outcome] of (await store.storeMessages(inputs)).entries()) {
    const number = inputs[i]?.metadata.number ?? -1
    if (outcome.status === 'created') outcomes.stored.push(number)
    else outcomes.wrong.push(`message ${number} of a bulk: ${outcome.status}`)
  }
  outcomes.waited += count
}

async function readPage(): Promise<void> {
  await store.retrieveHistory(userId, { limit: 5 })
  outcomes.pages++
}

async function whileFlooded(what: string, work: () => Promise<void>): Promise<void> {
  while (isFlooded) {
    await work().catch((error: unknown) => outcomes.wrong.push(`${what}: ${error}`))
    await pause(TICK_MS)
  }
}

const sample = (): Sample => ({
  queuedBytes: (queued + kept.length) * MESSAGE_BYTES,
  heldBytes: heldHeap(),
  residentBytes: process.memoryUsage.rss(),
})

const secondsSince = (begin: number): number => (performance.now() - begin) / 1000

const JOBS: { [J in Job]: (wants: Jobs[J]['wants']) => Promise<Jobs[J]['gives']> } = {
  async measure({ ms }) {
    const before = outcomes.stored.length
    const begin = performance.now()
    const caller = async () => {
      while (performance.now() - begin < ms) await offer()
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    return { perSecond: (outcomes.stored.length - before) / secondsSince(begin) }
  },
  async alone() {
    const begin = performance.now()
    await offer()
    return { ms: performance.now() - begin }
  },
  async fill({ messages }) {
    const begin = performance.now()
    await storeBulk(messages)
    return { perSecond: messages / secondsSince(begin) }
  },
  async flood({ messages, perSecond }) {
    isFlooded = true
    beside = Promise.all([whileFlooded('a bulk', () => storeBulk(BULK)), whileFlooded('a page', readPage)])
    const samples: Sample[] = []
    const begin = performance.now()
    let sampled = begin
    for (let offered = 0; offered < messages; ) {
      const due = Math.min(messages, Math.ceil(secondsSince(begin) * perSecond))
      for (; offered < due; offered++) void offer()
      /* Those that are refused have been told by then. */
      await nextTurn()
      if (performance.now() - sampled > SAMPLE_MS || offered === messages) {
        samples.push(sample())
        sampled = performance.now()
      }
      await pause(TICK_MS)
    }
    isFlooded = false
    return { messages, perSecond: messages / secondsSince(begin), samples }
  },
  async drain() {
    await beside
    for (; queued + kept.length > 0; await pause(TICK_MS))
      for (const message of kept.splice(0, FEW)) void offer(message)
    return outcomes
  },
  sample: async () => sample(),
}

process.on('disconnect', () => process.exit())
process.on('message', async <J extends Job>({ job, wants }: Request<J>) => {
  process.send?.(await JOBS[job](wants))
})
process.send?.('ready')
