import { DialogueStoreError } from '../errors.ts'

/** Bytes that may wait or be under way at once: who brings more has to wait, or is refused. */
export interface Room {
  has(bytes: number): boolean
  /** @throws DialogueStoreError `OVERLOADED` */
  take(bytes: number): void
  /** Gives back what was taken. */
  leave(bytes: number): void
  /** Resolves when there is room for so many. */
  until(bytes: number): Promise<void>
}

/** A single item of any size fits into an empty one. */
export function createRoom(maxBytes: number): Room {
  let inside = 0
  let watchers: (() => void)[] = []
  const has = (bytes: number) => inside === 0 || inside + bytes <= maxBytes

  return {
    has,
    take(bytes) {
      if (!has(bytes)) throw overloaded()
      inside += bytes
    },
    leave(bytes) {
      inside -= bytes
      const woken = watchers
      watchers = []
      for (const wake of woken) wake()
    },
    async until(bytes) {
      while (!has(bytes)) await new Promise<void>((wake) => watchers.push(wake))
    },
  }
}

const overloaded = () =>
  new DialogueStoreError(
    'OVERLOADED',
    'More messages wait to be sent than maxQueuedBytes allows. Nothing was sent; repeat the call a little later.',
  )
