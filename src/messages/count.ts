import { attempt, type Deadline, runCommand } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { type Interval, indexOf, range, type Scope, sieve } from './query.ts'
import { type MessageFilter, messages } from './schema.ts'

/** Index keys that a count, or a filtered page, examines at most. */
export const MOST_KEYS = 10_000

export interface Count {
  count: number
  /** False: a floor, since counting stopped at `MOST_KEYS`. */
  countIsExact: boolean
}

export function createCount(database: Database) {
  const collection = database.collection(messages)
  const name = database.nameOf(messages.collection)

  /**
   * Messages that match, however many keys that takes. Without a filter the command only walks keys; an aggregation
   * would look at each.
   * @param most where counting stops
   */
  async function countMatches(
    scope: Scope,
    interval: Interval,
    filter: MessageFilter,
    most: number | undefined,
    deadline: Deadline,
  ): Promise<number> {
    const query = { ...range(scope, interval), ...sieve(filter) }
    const command = { count: name, query, ...(most && { limit: most }) }
    const { n } = await attempt(deadline, 'read', (terms) => runCommand(database.db, command, terms))
    return n
  }

  /** Limits first, then filters: a rare sender must not cost the whole history. */
  async function countSifted(
    scope: Scope,
    interval: Interval,
    filter: MessageFilter,
    limit: number,
    deadline: Deadline,
  ) {
    const matches = Object.entries(sieve(filter) ?? {}).map(([field, { $in }]) => ({
      $in: [`$${field}`, { $literal: $in }],
    }))
    const pipeline = [
      { $match: range(scope, interval) },
      { $limit: limit },
      {
        $group: { _id: null, examined: { $sum: 1 }, matched: { $sum: { $cond: [{ $and: matches }, 1, 0] } } },
      },
    ]
    const [total] = await attempt(deadline, 'read', (terms) =>
      collection
        .aggregate<{ examined: number; matched: number }>(pipeline, { hint: indexOf(scope), ...terms })
        .toArray(),
    )
    return total ?? { examined: 0, matched: 0 }
  }

  return {
    /**
     * Messages that match, whatever the page.
     * @param limit how many index keys to examine at most; undefined counts them all
     */
    async count(
      scope: Scope,
      interval: Interval,
      filter: MessageFilter,
      limit: number | undefined,
      deadline: Deadline,
    ): Promise<Count> {
      if (limit === undefined || !sieve(filter)) {
        const count = await countMatches(scope, interval, filter, limit, deadline)
        return { count, countIsExact: limit === undefined || count < limit }
      }
      const { examined, matched } = await countSifted(scope, interval, filter, limit, deadline)
      return { count: matched, countIsExact: examined < limit }
    },

    countMatches,
  }
}
