import { setTimeout as pause } from 'node:timers/promises'
import type mongoose from 'mongoose'

/** Tells when the set takes majority writes: by writing all the time, straight to each of its members. */
export interface Prober {
  /** Resolves when a write that began after this call is acknowledged: by when, on `performance.now()`. */
  nextWrite(): Promise<number>
  /** How many of these milliseconds the set took writes in. */
  taking(from: number, to: number): number
  /** Nothing before that is asked for any more. */
  forget(before: number): void
  stop(): Promise<void>
}

const PROBE_MS = 40
/** With no write acknowledged for longer, the set takes none. On a busy machine, one may take a while. */
const SILENCE_MS = 1000

export function startProber(direct: mongoose.mongo.MongoClient[]): Prober {
  /* When writes were acknowledged. */
  let times: number[] = [performance.now()]
  const waiting = new Set<{ since: number; resolve(time: number): void }>()
  let isOver = false

  async function probe(client: mongoose.mongo.MongoClient, member: number): Promise<void> {
    const collection = client.db('probes').collection<{ _id: number }>('probes', MAJORITY)
    while (!isOver) {
      const begun = performance.now()
      await collection.updateOne({ _id: member }, { $inc: { probes: 1 } }, { upsert: true }).then(
        () => note(begun),
        () => {},
      )
      await pause(PROBE_MS)
    }
  }

  function note(begun: number): void {
    const now = performance.now()
    times.push(now)
    for (const one of waiting) {
      if (begun < one.since) continue
      waiting.delete(one)
      one.resolve(now)
    }
  }

  /** The times in which no write was acknowledged, as far as they are long and lie between the two. */
  const silences = (from: number, to: number): number[] =>
    [...times, performance.now()].flatMap((end, i) => {
      const begin = times[i - 1] ?? end
      return end - begin > SILENCE_MS ? [Math.max(0, Math.min(end, to) - Math.max(begin, from))] : []
    })

  const probing = direct.map(probe)
  return {
    nextWrite: () => new Promise((resolve) => waiting.add({ since: performance.now(), resolve })),
    taking: (from, to) => to - from - silences(from, to).reduce((sum, ms) => sum + ms, 0),
    forget(before) {
      times = times.filter((_, i) => (times[i + 1] ?? Number.POSITIVE_INFINITY) >= before)
    },
    async stop() {
      isOver = true
      await Promise.all(probing)
    },
  }
}

const MAJORITY = { writeConcern: { w: 'majority' } } as const
