import { BrokenSource } from './faults.ts'
import type { Item } from './item.ts'
import type { createWriter } from './writer.ts'

/**
 * Puts all of a source into a target. What was read before a fault is stored.
 * @returns the fault
 */
export async function transfer(
  items: AsyncIterable<Item>,
  writer: ReturnType<typeof createWriter>,
  { signal, onItem }: { signal: AbortSignal; onItem(): void },
): Promise<BrokenSource | undefined> {
  let fault: BrokenSource | undefined
  try {
    for await (const item of items) {
      signal.throwIfAborted()
      await writer.put(item)
      onItem()
    }
  } catch (error) {
    if (!(error instanceof BrokenSource)) throw error
    fault = error
  }
  await writer.flush()
  return fault
}
