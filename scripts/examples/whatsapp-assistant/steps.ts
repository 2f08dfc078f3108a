import { DialogueStoreError, type Message } from 'dialogue-store'
import type { Logger } from 'pino'
import { hasCode } from '../common/errors.ts'
import type { Platform } from './evolution.ts'
import { decide } from './flows/decide.ts'
import type { Model, Transcribe } from './model.ts'
import type { Person, Store, Todo } from './shapes.ts'
import { commit, type Turn } from './turn.ts'
import type { Step } from './worker.ts'

interface Needs {
  store: Store
  log: Logger
  platform: Platform
  model: Model
  transcribe: Transcribe
  /** Whether events go to Google Calendar. Otherwise they stay in the store. */
  publishes: boolean
}

/** So long it tries to send what Evolution API may have sent already: each time, it may be sent once more. */
const UNCLEAR_MS = 60 * 60_000

const SORRY: Turn = { answer: 'I am sorry, I could not think just now. Can you say that again, please?' }

/** What is done for somebody, each a step that may run again. */
export function createSteps({
  store,
  log,
  platform,
  model,
  transcribe,
  publishes,
}: Needs): Record<Todo, Step> {
  /** Something is done. A function, so that what else is to do, or has just come in, is counted as it is. */
  async function settle(userId: string, id: string): Promise<void> {
    await store.updateUser(userId, ({ data }) => {
      const isLast = Object.keys(data.todo ?? {}).every((other) => other === id)
      return { data: { todo: { [id]: null } }, states: { todo: isLast ? null : 'open' } }
    })
  }

  /** A voice note gets its words before it is answered. Without any it is answered, too. */
  async function hear(message: Message): Promise<Message> {
    const { id, userId, type, content, audio } = message
    if (type !== 'voice' || content || !audio) return message
    try {
      return await store.updateMessage(userId, id, { content: (await transcribe(audio)).toWellFormed() })
    } catch (error) {
      /* A transcript that cannot be stored cannot be stored the next time, either. */
      if (error instanceof DialogueStoreError && !isRefused(error)) throw error
      log.error({ userId, id, err: error }, 'a voice note could not be transcribed')
      return message
    }
  }

  const steps: Record<Todo, Step> = {
    async answer(user, id) {
      const message = await hear(await store.getMessage(user.id, { id }))
      const scene = { store, model, user, message }
      const turn = await decide(scene).catch((error: unknown) => {
        if (error instanceof DialogueStoreError) throw error
        log.error({ userId: user.id, id, err: error }, 'the model failed')
        return SORRY
      })
      await commit(scene, turn, publishes).catch((error: unknown) => {
        /* The model has said what cannot be stored. The same again would fail again. */
        if (!isRefused(error)) throw error
        return commit(scene, SORRY, publishes)
      })
    },

    /*
     * A process that dies between these two lines sends it again when it comes back: WhatsApp has no key by which to
     * tell that it was sent, so the choice is between twice and never.
     */
    async send(user, id) {
      const { content, timestamp } = await store.getMessage(user.id, { id })
      const outcome = await platform.sendText(phoneOf(user), content)
      if (outcome === 'unclear' && Date.now() - timestamp.getTime() < UNCLEAR_MS)
        throw Object.assign(new Error('Evolution API answered 400'), { code: 400 })
      if (outcome !== 'sent') log.warn({ userId: user.id, id, outcome }, 'an answer is given up')
      await settle(user.id, id)
    },

    /*
     * Also if their last answer could not be sent. Nothing is left by which to know them: a delivery of theirs that
     * comes again after this is from somebody new. Their events disappear from Google Calendar with the next push.
     */
    async erase(user) {
      await store.deleteUser(user.id)
    },

    /** They get the link of their event once it is published, of which a sweep gets to know. */
    async link(user, id) {
      const { summary, calendarSync } = await store.getEvent(id)
      const { state, htmlLink } = calendarSync
      if (!htmlLink && publishes && state !== 'failed') return
      if (!htmlLink) return settle(user.id, id)
      await store.withTransaction(async (tx) => {
        const content = `${summary} is in your calendar: ${htmlLink}`
        const externalId = `link of ${id}`
        const { message } = await tx.storeMessage({
          userId: user.id,
          sender: 'assistant',
          content,
          externalId,
        })
        await tx.updateUser(user.id, {
          states: { todo: 'open' },
          data: { todo: { [id]: null, [message.id]: 'send' } },
        })
      })
    },
  }

  /** What is not there any more, as the oldest messages of a full store, is not to be done any more. */
  const unlessGone =
    (step: Step): Step =>
    async (user, id) => {
      try {
        await step(user, id)
      } catch (error) {
        if (!hasCode(error, 'MESSAGE_NOT_FOUND', 'EVENT_NOT_FOUND')) throw error
        await settle(user.id, id)
      }
    }
  return {
    ...steps,
    send: unlessGone(steps.send),
    answer: unlessGone(steps.answer),
    link: unlessGone(steps.link),
  }
}

const isRefused = (error: unknown): boolean => hasCode(error, 'INVALID_INPUT', 'TOO_LARGE')

const phoneOf = ({ identities }: Person): string =>
  identities.find(({ provider }) => provider === 'whatsapp')?.id ?? ''
