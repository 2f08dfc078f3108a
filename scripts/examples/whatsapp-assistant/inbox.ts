import type { Incoming } from './evolution.ts'
import type { Store } from './shapes.ts'

/**
 * Stores a message, and that it is to be answered, at once: from here on the platform may forget it. Its key is the
 * external id, so that a delivery that comes again, also at the same time, or to another process, changes nothing.
 * @param timezone of who writes for the first time
 * @returns whose message it is
 */
export const receive = (store: Store, incoming: Incoming, timezone: string): Promise<string> =>
  store.withTransaction(async (tx) => {
    const { user } = await tx.ensureUser(
      { provider: 'whatsapp', id: incoming.phone },
      { timezone, states: { registration: 'waiting_for_name_and_email' } },
    )
    const { audio } = incoming
    /* Its time is now, and not the sender's: what comes in late is not put before what was answered already. */
    const { message, created } = await tx.storeMessage({
      userId: user.id,
      sender: 'user',
      content: incoming.text,
      externalId: incoming.id,
      ...(audio && { type: 'voice', audio }),
    })
    if (created)
      await tx.updateUser(user.id, { states: { todo: 'open' }, data: { todo: { [message.id]: 'answer' } } })
    return user.id
  })
