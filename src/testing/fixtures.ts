import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Shapes } from '../config.ts'
import type { DialogueStore, NewMessage, NewUser, StoreTransaction } from '../contract.ts'
import { date, id, parse } from '../input.ts'

type Target<S extends Shapes> = DialogueStore<S> | StoreTransaction<S>
type Made<S extends Shapes> = Awaited<ReturnType<DialogueStore<S>['createUser']>>
type Said<S extends Shapes> = Awaited<ReturnType<DialogueStore<S>['storeMessage']>>['message']
type Turn = readonly [sender: string, content: string]

/**
 * Stores a user with an identity that nobody else has, and fields as a real one has them. `overrides` take the
 * place of these; undefined leaves one out.
 */
export const makeUser = <S extends Shapes>(
  store: Target<S>,
  overrides: Partial<NewUser<S>> = {},
): Promise<Made<S>> => {
  const key = randomUUID()
  const user = {
    identities: [{ provider: 'test', id: key }],
    name: 'Ana Souza',
    email: `ana.${key}@example.com`,
    locale: 'pt-BR',
    timezone: 'America/Sao_Paulo',
    ...overrides,
  }
  return store.createUser(user as NewUser<S>)
}

export interface ConversationOptions<S extends Shapes = Shapes> {
  /** Whose conversation it is. Default: a new one, by `makeUser`. */
  user?: Made<S>
  /** How many messages, of a small dialogue that begins again after its end; or who says what. Default 6. */
  turns?: number | readonly Turn[]
  conversationId?: string
  /** When the last message was sent. Default: now. */
  endsAt?: Date
  /** From one message to the next, in ms. Default: a minute. */
  intervalMs?: number
}

const options = z.strictObject({
  user: z.looseObject({ id }).optional(),
  turns: z
    .union(
      [z.int().min(0).max(100_000), z.array(z.tuple([z.string(), z.string()]))],
      'must be a number, or an array of [sender, content]',
    )
    .default(6),
  conversationId: z.string().optional(),
  endsAt: date.optional(),
  intervalMs: z.int().min(0).default(60_000),
})

const DIALOGUE: Turn[] = [
  ['user', 'Hi! Can you book the dentist for me?'],
  ['assistant', 'Of course. Which day suits you?'],
  ['user', 'Tuesday, some time after lunch.'],
  ['assistant', 'They have two o’clock. Shall I take it?'],
  ['user', 'Yes, please 🙏'],
  ['assistant', 'Done: Tuesday at two. I will remind you an hour before.'],
]

/**
 * Stores a conversation, its messages at even intervals, the last one now.
 * @returns whose it is, and its messages, oldest first
 * @throws DialogueStoreError as `createUser` and `storeMessages` do, and for the first message that is refused
 */
export async function makeConversation<S extends Shapes>(
  store: Target<S>,
  given: ConversationOptions<S> = {},
): Promise<{ user: Made<S>; messages: Said<S>[] }> {
  const { turns, conversationId, endsAt = new Date(), intervalMs } = parse(options, given, ['options'])
  const user = given.user ?? (await makeUser(store))
  const said = typeof turns === 'number' ? Array.from({ length: turns }, (_, i) => turnAt(i)) : turns
  const inputs = said.map(([sender, content], i) => ({
    userId: user.id,
    sender,
    content,
    conversationId,
    timestamp: new Date(endsAt.getTime() - (said.length - 1 - i) * intervalMs),
  }))
  const outcomes = await store.storeMessages(inputs as NewMessage<S>[])
  const messages = outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.error
    return outcome.message
  })
  return { user, messages }
}

/** Whoever asks for one more gets the same as before, and one more. */
const turnAt = (i: number): Turn => DIALOGUE[i % DIALOGUE.length] ?? ['user', '']
