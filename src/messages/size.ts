import type { Deadline } from '../db/attempt.ts'
import { DialogueStoreError } from '../errors.ts'
import type { RetentionKeeper, StoredRetention } from './retention.ts'

/** Beyond it, MongoDB would take a message, and evict everything else. */
export const capOf = (kept: StoredRetention): number =>
  kept.kind === 'capped' ? kept.sizeBytes : Number.POSITIVE_INFINITY

/** Whether so many bytes are beyond the cap, as it is by now: another store may have raised it. */
export const isBeyondCap = async (
  bytes: number,
  retention: Pick<RetentionKeeper, 'current' | 'load'>,
  deadline?: Deadline,
): Promise<boolean> => bytes > capOf(retention.current()) && bytes > capOf(await retention.load(deadline))

/** @throws DialogueStoreError `TOO_LARGE` beyond the cap: MongoDB would take it, and evict everything else */
export async function assertFits(bytes: number, retention: RetentionKeeper): Promise<void> {
  if (await isBeyondCap(bytes, retention)) {
    const text =
      'The message is larger than the whole capped collection. Nothing was sent; raise retention.sizeBytes.'
    throw new DialogueStoreError('TOO_LARGE', text)
  }
}
