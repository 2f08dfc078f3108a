import { DialogueStoreError, type Message } from '../../src/index.ts'
import { TIMEZONE } from './appointments.ts'
import type { DemoStore, Draft } from './shapes.ts'
import { summarise } from './summary.ts'

/** The context is renewed when so many messages are not in it yet. */
const RENEW_AT = 10

/**
 * What a bot does with the store. Every write is safe against its own repetition and against whatever else
 * happens for the same person at the same time.
 */
export function createBot(store: DemoStore) {
  return {
    /** A message from a number. If it is the first one, this is a new user, of whom nothing else is known. */
    meet: (phone: string) =>
      store.ensureUser(
        { provider: 'whatsapp', id: phone },
        { locale: 'pt-BR', timezone: TIMEZONE, states: { registration: 'waiting_for_name_and_email' } },
      ),

    /** `ifStates`: only who is still being asked can answer. */
    learnName: (userId: string, name: string) =>
      store.updateUser(
        userId,
        { name, states: { registration: 'waiting_for_email' } },
        { ifStates: { registration: 'waiting_for_name_and_email' } },
      ),

    learnEmail: (userId: string, email: string) =>
      store.updateUser(
        userId,
        { email, states: { registration: null } },
        { ifStates: { registration: 'waiting_for_email' } },
      ),

    /** Whether the context was due. What comes in meanwhile stays pending. */
    async renewContext(userId: string): Promise<boolean> {
      const { pending, covers, data } = await store.retrieveContext(userId, { pending: true })
      if ((pending ?? 0) < RENEW_AT) return false
      const news: Message[] = []
      for await (const message of store.iterateHistory(userId, { after: covers })) news.push(message)
      await store.storeContext(userId, summarise(data, news), { covers: news.at(-1)?.cursor })
      return true
    },

    /** One more piece of the event that is being drafted: merged, so that nothing else of the user is lost. */
    draft: (userId: string, piece: Draft, state: string) =>
      store.updateUser(userId, { data: { draft: piece }, states: { scheduling: state } }),

    /** A "yes". Whether it was this one that counted: of two, the second finds nobody waiting for it. */
    async confirm(userId: string): Promise<boolean> {
      try {
        const { data } = await store.updateUser(
          userId,
          { states: { scheduling: null } },
          { ifStates: { scheduling: 'waiting_for_confirm' } },
        )
        await storeDraft(store, userId, data.draft)
        return true
      } catch (error) {
        if (error instanceof DialogueStoreError && error.code === 'STATE_CONFLICT') return false
        throw error
      }
    },
  }
}

export type Bot = ReturnType<typeof createBot>

/** The external id makes it safe to repeat after a crash; the draft goes when the event is there. */
async function storeDraft(store: DemoStore, creatorId: string, draft: Draft | undefined): Promise<void> {
  const { summary, start, end, ...rest } = draft ?? {}
  if (!summary || !start) throw new Error('An appointment was confirmed that has no subject, or no time')
  await store.storeEvent({
    ...rest,
    creatorId,
    summary,
    start: new Date(start),
    end: end ? new Date(end) : null,
    timezone: TIMEZONE,
    externalId: `${summary} ${start}`,
  })
  await store.updateUser(creatorId, { data: { draft: null } })
}
