import { DialogueStoreError } from '../errors.ts'
import type { Deadline } from './attempt.ts'

/** One caller's item in the lane. Whoever flushes it settles it, once. */
export interface Passenger<Item, Result> {
  readonly item: Item
  readonly bytes: number
  readonly deadline: Deadline
  resolve(result: Result): void
  reject(error: unknown): void
}

export interface LaneOptions<Item, Result> {
  /** Sends a batch, and settles each of its passengers. */
  flush(batch: Passenger<Item, Result>[]): Promise<void>
  /** How many batches may be under way at once. */
  parallel(): number
  /** Of a batch. */
  maxItems: number
  /** Bytes that may wait or be under way. */
  maxQueuedBytes: number
}

export interface Lane<Item, Result> {
  /** @throws DialogueStoreError `OVERLOADED` when more than `maxQueuedBytes` would wait */
  send(item: Item, bytes: number, deadline: Deadline): Promise<Result>
  hasRoom(bytes: number): boolean
  /** Resolves when there is room for so many bytes: for callers that can wait, unlike `send`. */
  room(bytes: number): Promise<void>
}

/** Well below the 16 MiB that a command may have; a single larger message travels alone. */
const MAX_BYTES = 8 * 2 ** 20

/**
 * Group commit. While a batch is under way, callers pile up; when it returns, the next batch takes them all.
 * There are no timers: alone, an item is sent at once.
 */
export function createLane<Item, Result>({
  flush,
  parallel,
  maxItems,
  maxQueuedBytes,
}: LaneOptions<Item, Result>): Lane<Item, Result> {
  const waiting: Passenger<Item, Result>[] = []
  let bytesInside = 0
  let underWay = 0
  let scheduled = false
  let watchers: (() => void)[] = []

  const hasRoom = (bytes: number) => bytesInside === 0 || bytesInside + bytes <= maxQueuedBytes

  function takeBatch(): Passenger<Item, Result>[] {
    let bytes = 0
    let end = 0
    while (end < waiting.length && end < maxItems) {
      bytes += waiting[end]?.bytes ?? 0
      if (end > 0 && bytes > MAX_BYTES) break
      end++
    }
    return waiting.splice(0, end)
  }

  function depart(): void {
    scheduled = false
    while (waiting.length > 0 && underWay < parallel()) {
      underWay++
      const batch = takeBatch()
      void flush(batch)
        .catch((error: unknown) => {
          for (const passenger of batch) passenger.reject(error)
        })
        .finally(() => arrive(batch))
    }
  }

  function arrive(batch: Passenger<Item, Result>[]): void {
    underWay--
    for (const { bytes } of batch) bytesInside -= bytes
    const woken = watchers
    watchers = []
    for (const wake of woken) wake()
    if (!scheduled) schedule()
  }

  /** Callers of the same turn of the event loop travel together. */
  function schedule(): void {
    scheduled = true
    queueMicrotask(depart)
  }

  return {
    async send(item, bytes, deadline) {
      if (!hasRoom(bytes)) throw overloaded()
      bytesInside += bytes
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, bytes, deadline, resolve, reject })
        if (!scheduled) schedule()
      })
    },
    hasRoom,
    async room(bytes) {
      while (!hasRoom(bytes)) await new Promise<void>((wake) => watchers.push(wake))
    },
  }
}

const overloaded = () =>
  new DialogueStoreError(
    'OVERLOADED',
    'More messages wait to be sent than maxQueuedBytes allows. Nothing was sent; repeat the call a little later.',
  )
