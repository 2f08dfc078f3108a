/** The source ends in the middle, or is not what it begins as. What came before it was read. */
export class BrokenSource extends Error {}

/** What was asked for does not go with this source: an option says more. */
export class UsageError extends Error {}

/** For a first pass over a source: the next one meets the same fault, with all that comes before it. */
export async function* untilFault<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    if (!(error instanceof BrokenSource)) throw error
  }
}
