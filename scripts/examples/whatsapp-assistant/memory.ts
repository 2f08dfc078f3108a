import type { Message } from 'dialogue-store'
import type { Model } from './model.ts'
import type { Store } from './shapes.ts'

/** The memory is renewed when so many messages of the user are not in it. */
const EVERY = 10

/**
 * Renews what is remembered of somebody, if it is time. The store counts what is not in it yet, so that evicted or
 * deleted messages mislead nobody; whatever comes in while the model writes stays pending.
 */
export async function renewMemory(store: Store, model: Model, userId: string): Promise<void> {
  const context = await store.retrieveContext(userId, { pending: { senders: ['user'] } })
  if ((context.pending ?? 0) < EVERY) return
  const news: Message[] = []
  for await (const message of store.iterateHistory(userId, { after: context.covers })) news.push(message)
  const summary = await model.summarise(context.data.summary, news)
  await store.mergeContext(userId, { summary }, { covers: news.at(-1)?.cursor, ifVersion: context.version })
}
