import type { DialogueStore } from '../../../../../src/index.ts'
import type { Stored, StoredMessage } from './stored.ts'

/** What of a user a reader of the store sees otherwise than it is stored. */
export async function wrongForReaders(
  store: DialogueStore,
  userId: string,
  stored: Stored,
): Promise<string[]> {
  const messages = stored.messages
    .filter((one) => one.userId === userId)
    .sort(byPlace)
    .map(({ id }) => id)
  const events = stored.events.filter((one) => one.userId === userId).map(({ id }) => id)
  const page = await store.retrieveHistory(userId, { count: 'exact' })
  const context = await store.retrieveContext(userId)
  const { data, version } = stored.contexts.get(userId) ?? { data: {}, version: 0 }
  const seen: [string, unknown, unknown][] = [
    ['history', await idsOf(store.iterateHistory(userId)), messages],
    ['newest page', page.messages.map(({ id }) => id), messages.slice(-page.messages.length)],
    ['count', page.count, messages.length],
    ['events', (await eventsOf(store, userId)).sort(), events.sort()],
    ['context', { data: context.data, version: context.version }, { data, version }],
  ]
  return seen
    .filter(([, isSeen, is]) => JSON.stringify(isSeen) !== JSON.stringify(is))
    .map(
      ([what, isSeen, is]) =>
        `user ${userId}: the ${what} is read as ${short(isSeen)}, and stored as ${short(is)}`,
    )
}

const byPlace = (a: StoredMessage, b: StoredMessage): number =>
  a.timestamp - b.timestamp || (a.id < b.id ? -1 : 1)

async function idsOf(items: AsyncIterable<{ id: string }>): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of items) ids.push(id)
  return ids
}

async function eventsOf(store: DialogueStore, creatorId: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await store.retrieveEvents({ creatorId, limit: 1000, ...(cursor && { cursor }) })
    ids.push(...page.events.map(({ id }) => id))
    cursor = page.nextCursor
  }
  return ids
}

/** The beginning tells what it is about. */
const short = (value: unknown): string => {
  const size = Array.isArray(value) ? `${value.length} ` : ''
  return size + (JSON.stringify(value) ?? 'nothing').slice(0, 200)
}
