import { after, describe, test } from 'node:test'
import { calendar } from '@googleapis/calendar'
import {
  type DialogueContext,
  type DialogueStore,
  DialogueStoreError,
  type ErrorCode,
  type Message,
  openStore,
  type Retention,
} from 'dialogue-store'
import { createCalendarSync, type PushResult } from 'dialogue-store/google-calendar'
import { closeTestStores, makeConversation, makeUser, openTestStore } from 'dialogue-store/testing'
import { testConformance } from 'dialogue-store/testing/conformance'
import { z } from 'zod'

/* An interface has no index signature: it must be taken all the same. */
interface Delivery {
  channel: string
  attempts?: number
}
interface Summary {
  text: string
  likes: { dish: string }[]
}
declare const delivery: Delivery
declare const summary: Summary
declare const retention: Retention

const start = new Date()
export async function untyped(store: DialogueStore, userId: string): Promise<DialogueContext> {
  await store.createUser({ name: 'Ann', data: summary })
  const { message, created } = await store.storeMessage({
    userId,
    sender: 'user',
    content: 'Hi',
    metadata: delivery,
  })
  const stored: Message = message
  const isNew: boolean = created
  await store.storeEvent({ creatorId: userId, summary: 'Lunch', start, data: delivery })
  await store.mergeContext(userId, delivery)
  const { context } = await store.storeContext(userId, summary)
  // @ts-expect-error a JSON field is an object
  await store.storeContext(userId, 'summary')
  // @ts-expect-error a message has a sender
  await store.storeMessage({ userId, content: stored.content })
  // @ts-expect-error there is no such type of message
  await store.storeMessage({ userId, sender: 'user', content: 'Hi', type: isNew ? 'text' : 'video' })
  // @ts-expect-error what a context holds is unknown without a shape
  const text: string = context.data.text
  return text ? context : context
}

export async function typed(userId: string): Promise<void> {
  const store = await openStore({
    uri: 'mongodb://127.0.0.1',
    retention,
    shapes: {
      context: z.object({ text: z.string(), likes: z.array(z.object({ dish: z.string() })) }),
      userData: z.object({ plan: z.enum(['free', 'paid']).default('free') }),
      metadata: z.object({ channel: z.string() }),
      eventData: z.object({ room: z.number() }),
    },
  })
  await store.storeContext(userId, summary)
  // @ts-expect-error the context's shape has a text
  await store.storeContext(userId, { likes: [] })
  const dish: string | undefined = (await store.retrieveContext(userId)).data.likes[0]?.dish
  // @ts-expect-error the context's shape has no mood
  void (await store.retrieveContext(userId)).data.mood

  const user = await store.createUser({ name: dish ?? 'Ann', data: {} })
  const plan: 'free' | 'paid' = user.data.plan
  // @ts-expect-error the user data's shape has no such plan
  await store.createUser({ name: 'Ann', data: { plan: 'gold' } })

  const { message } = await store.storeMessage({ userId, sender: plan, content: 'Hi', metadata: delivery })
  const channel: string = message.metadata.channel
  // @ts-expect-error a channel is a string
  await store.storeMessage({ userId, sender: 'user', content: 'Hi', metadata: { channel: 1 } })

  const { event } = await store.storeEvent({ creatorId: userId, summary: channel, start, data: { room: 1 } })
  const room: number = event.data.room
  const sync = createCalendarSync(store, {
    calendar: calendar({ version: 'v3' }),
    importAs: ({ organizer }) => (organizer?.self ? userId : null),
    onConflict: (ours, theirs) => ({ summary: `${ours.summary} ${theirs.summary}` }),
  })
  const { failed }: PushResult = await sync.push()
  // @ts-expect-error a number of events is a number
  const none: string = failed
  void none
  // @ts-expect-error a room is a number
  await store.storeEvent({ creatorId: userId, summary: 'Lunch', start, data: { room: `${room}` } })
}

export function conforming(): void {
  testConformance({ describe, test, afterAll: after }, () => openTestStore())
  // @ts-expect-error a store is opened, not given
  testConformance({ describe, test, afterAll: after }, {})
}

export async function fixtures(): Promise<number> {
  const store = await openTestStore({ shapes: { userData: z.object({ plan: z.string() }) } })
  const user = await makeUser(store, { data: { plan: 'free' } })
  // @ts-expect-error a plan is a string
  await makeUser(store, { data: { plan: 1 } })
  const { messages } = await makeConversation(store, { user, turns: [['user', user.data.plan]] })
  // @ts-expect-error a turn is who says what
  await makeConversation(store, { turns: [['user']] })
  await closeTestStores()
  return messages.length
}

export async function tested(): Promise<ErrorCode | undefined> {
  await using store = await openTestStore({ shapes: { metadata: z.object({ channel: z.string() }) } })
  try {
    for await (const message of store.iterateHistory('0'.repeat(24))) void message.metadata.channel.length
    return undefined
  } catch (error) {
    // @ts-expect-error there is no such code
    if (error instanceof DialogueStoreError && error.code === 'NO_SUCH_CODE') return undefined
    return error instanceof DialogueStoreError ? error.code : undefined
  }
}
