/** What travels in a lane. Whoever flushes it settles it, once. */
export interface Passenger {
  /** How many items it stands for. */
  readonly count: number
  readonly bytes: number
  reject(error: unknown): void
}

export interface LaneOptions<P> {
  /** Sends a batch, and settles each of its passengers. */
  flush(batch: P[]): Promise<void>
  /** How many batches may be under way at once. */
  parallel(): number
  /** Of a batch. */
  maxItems: number
  /** Where several batches may leave at once, they share what waits, but none is made smaller than this for it. */
  fewItems: number
}

export interface Lane<P> {
  board(passenger: P): void
}

/** Well below the 16 MiB that a command may have; a single larger passenger travels alone. */
const MAX_BYTES = 8 * 2 ** 20

/**
 * Group commit. While a batch is under way, passengers pile up; when it returns, the next batch takes them all.
 * There are no timers: alone, a passenger leaves at once.
 */
export function createLane<P extends Passenger>({
  flush,
  parallel,
  maxItems,
  fewItems,
}: LaneOptions<P>): Lane<P> {
  const waiting: P[] = []
  let underWay = 0
  let scheduled = false

  /** Everybody, or a fair part: while the server ends one batch, it begins the other. */
  function takeBatch(): P[] {
    const all = waiting.reduce((sum, { count }) => sum + count, 0)
    const part = Math.max(fewItems, Math.ceil(all / (parallel() - underWay)))
    const most = Math.min(maxItems, part)
    let bytes = 0
    let items = 0
    let end = 0
    for (const passenger of waiting) {
      bytes += passenger.bytes
      items += passenger.count
      if (end > 0 && (bytes > MAX_BYTES || items > most)) break
      end++
    }
    return waiting.splice(0, end)
  }

  function depart(): void {
    scheduled = false
    while (waiting.length > 0 && underWay < parallel()) {
      const batch = takeBatch()
      underWay++
      void flush(batch)
        .catch((error: unknown) => {
          for (const passenger of batch) passenger.reject(error)
        })
        .finally(arrive)
    }
  }

  function arrive(): void {
    underWay--
    if (!scheduled) schedule()
  }

  /** Passengers of the same turn of the event loop travel together. */
  function schedule(): void {
    scheduled = true
    queueMicrotask(depart)
  }

  return {
    board(passenger) {
      waiting.push(passenger)
      if (!scheduled) schedule()
    },
  }
}
