import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Milliseconds that calls took. */
export interface Latency {
  calls: number
  perSecond: number
  p50: number
  p99: number
  max: number
}

/** Runs several loops of one call after the other until told to stop, and measures each. */
export function startLoops(loops: number, call: () => Promise<unknown>) {
  const begin = performance.now()
  const histogram = createHistogram()
  let over = false
  const loop = async () => {
    while (!over) {
      const start = performance.now()
      await call()
      histogram.record(Math.max(1, Math.round((performance.now() - start) * 1000)))
    }
  }
  const running = Promise.all(Array.from({ length: loops }, loop))
  /* `stop` throws what a call has thrown. Until then nobody waits for it, and that alone must not end the process. */
  running.catch(() => {})
  return async function stop(): Promise<Latency> {
    over = true
    await running
    return latencyOf(histogram, performance.now() - begin)
  }
}

const toMs = (microseconds: number): number => microseconds / 1000

const latencyOf = (histogram: RecordableHistogram, ms: number): Latency => ({
  calls: histogram.count,
  perSecond: histogram.count / (ms / 1000),
  p50: toMs(histogram.percentile(50)),
  p99: toMs(histogram.percentile(99)),
  max: toMs(histogram.max),
})
