import type mongoose from 'mongoose'
import type { Tally } from '../../part.ts'
import type { Bot } from './employer.ts'
import { BULK, type Flood, MESSAGE_BYTES, type Outcomes, type Sample } from './jobs.ts'

const MIB = 2 ** 20

/** How fast the bot is when all is well. */
export interface Pace {
  perSecond: number
  aloneMs: number
}

const MEASURE_MS = 700

export async function measurePace(bot: Bot): Promise<Pace> {
  const { perSecond } = await bot.ask('measure', { ms: MEASURE_MS })
  const { ms: aloneMs } = await bot.ask('alone', {})
  return { perSecond, aloneMs }
}

export interface Limits {
  maxQueuedBytes: number
  /** When nothing waited. */
  before: Sample
}

/** Of what waits, the message, its copy on the wire, and what else belongs to a call. */
const HELD_TIMES = 3
const HELD_MORE = 8 * MIB
/** What waits to be collected counts here, too. */
const RESIDENT_TIMES = 8
const RESIDENT_MORE = 128 * MIB

const MEASURES = ['queuedBytes', 'heldBytes', 'residentBytes'] as const

/** Holds what a flood has shown against what follows from `maxQueuedBytes`. */
export function checkBounds(
  { messages, perSecond, capacity, samples }: Flood & { capacity: number },
  limits: Limits,
  tally: Tally,
): void {
  const { maxQueuedBytes, before } = limits
  const row = 'samples of queue and memory, in bounds'
  const most: Record<keyof Sample, number> = {
    queuedBytes: maxQueuedBytes,
    heldBytes: before.heldBytes + HELD_TIMES * maxQueuedBytes + BULK * MESSAGE_BYTES + HELD_MORE,
    residentBytes: before.residentBytes + RESIDENT_TIMES * maxQueuedBytes + RESIDENT_MORE,
  }
  for (const sample of samples) {
    tally.tried(row)
    const over = MEASURES.filter((name) => sample[name] > most[name])
    for (const name of over)
      tally.lost(row, `${name}: ${inMiB(sample[name])}, at most ${inMiB(most[name])} is right`)
  }
  const peaks = MEASURES.map((name) => {
    const peak = Math.max(...samples.map((sample) => sample[name]))
    return `${name.replace('Bytes', '')} ${inMiB(peak)} of ${inMiB(most[name])}`
  })
  tally.remark(row, peaks.join(', '))
  tally.tried('calls beyond capacity', messages)
  const taken = `${Math.round(capacity).toLocaleString('en')} can be taken`
  tally.remark(
    'calls beyond capacity',
    `${Math.round(perSecond).toLocaleString('en')} a second, where ${taken}`,
  )
}

const inMiB = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`

/** Holds what callers were told against what is stored. */
export async function checkOutcomes(db: mongoose.mongo.Db, outcomes: Outcomes, tally: Tally): Promise<void> {
  const { stored, refused, waited, pages, wrong } = outcomes
  const times = await timesStored(db)
  const count = (row: string, numbers: number[], expected: number) => {
    tally.tried(row, numbers.length)
    for (const number of numbers) {
      const found = times.get(number) ?? 0
      if (found !== expected) tally.lost(row, `message ${number} is stored ${found} times`)
    }
  }
  count('accepted messages, there once', stored, 1)
  count('refused messages, not there', refused, 0)
  tally.tried('messages of bulks, which waited', waited)
  tally.tried('pages read meanwhile', pages)
  for (const one of wrong) tally.lost('calls beyond capacity', one)
}

async function timesStored(db: mongoose.mongo.Db): Promise<Map<number, number>> {
  const times = new Map<number, number>()
  const numbers = db.collection('dialogue_messages').find({}, { projection: { 'metadata.number': 1 } })
  for await (const { metadata } of numbers) times.set(metadata.number, (times.get(metadata.number) ?? 0) + 1)
  return times
}

/** Generous: others use the machine too. */
const SLOWER = 4
const SLOWEST_ALONE_MS = 2000
const TRIES = 5
const LEFT_BYTES = 8 * MIB

/** Whether all is as it was before. */
export async function checkRecovery(bot: Bot, calm: Pace, before: Sample, tally: Tally): Promise<void> {
  const row = 'recoveries'
  tally.tried(row)
  const { ms } = await bot.ask('alone', {})
  if (ms > Math.max(SLOWEST_ALONE_MS, 20 * calm.aloneMs))
    tally.lost(row, `the next message took ${ms.toFixed(0)} ms, ${calm.aloneMs.toFixed(1)} before`)
  let best = 0
  for (let i = 0; i < TRIES && best < calm.perSecond / SLOWER; i++)
    best = Math.max(best, (await measurePace(bot)).perSecond)
  if (best < calm.perSecond / SLOWER)
    tally.lost(row, `${best.toFixed(0)} messages a second, ${calm.perSecond.toFixed(0)} before`)
  const { heldBytes } = await bot.ask('sample', {})
  if (heldBytes > before.heldBytes + LEFT_BYTES)
    tally.lost(row, `${inMiB(heldBytes)} are still held, ${inMiB(before.heldBytes)} before`)
  tally.remark(
    row,
    `${best.toFixed(0)} messages a second, ${calm.perSecond.toFixed(0)} before; the first after ${ms.toFixed(0)} ms`,
  )
}
