import type { Message } from '../../../src/index.ts'
import { altered, type Fault, faultsOf } from './fault.ts'

export const deliveriesFaults: Fault[] = [
  ...faultsOf('a delivery that comes again', {
    'gives the first message, whatever it says now': {
      'a repeat gives what it says now': ({ storeMessage }) => ({
        storeMessage: altered(storeMessage, ({ message, created }, { content }) => ({
          message: { ...message, content },
          created,
        })),
      }),
    },
    'stores once, when many come at the same time': {
      'a delivery is looked for before it is stored, and no more': (store) => ({
        storeMessage: async ({ externalId, ...input }) => {
          if (!externalId) return store.storeMessage(input)
          const key = { externalId, conversationId: input.conversationId }
          const known = await store.getMessage(input.userId, key).catch(() => undefined)
          if (known) return { message: known, created: false }
          const { message } = await store.storeMessage(input)
          const named = await store
            .updateMessage(input.userId, message.id, { externalId })
            .catch(() => message)
          return { message: named, created: true }
        },
      }),
    },
    'stores once in bulks beside calls': {
      'a bulk forgets external ids': (store) => ({
        storeMessages: (inputs) => store.storeMessages(inputs.map(({ externalId: _, ...input }) => input)),
      }),
    },
    'is another one for another user, conversation or external id': {
      'an external id is the same in all conversations': (store) => {
        const first = new Map<string, Message>()
        return {
          storeMessage: async (input) => {
            const key = `${input.userId} ${input.externalId}`
            const message = first.get(key)
            if (message) return { message, created: false }
            const outcome = await store.storeMessage(input)
            first.set(key, outcome.message)
            return outcome
          },
        }
      },
    },
    'stays away after it was deleted': {
      'a delivery comes back when it was deleted': (store) => ({
        storeMessage: async (input) => {
          const outcome = await store.storeMessage(input)
          if (outcome.created || !input.externalId) return outcome
          const key = { id: outcome.message.id }
          return store.getMessage(input.userId, key).then(
            () => outcome,
            () => store.storeMessage({ ...input, externalId: null }),
          )
        },
      }),
    },

    'gives the message as it was changed since': {
      'a repeat gives the message as it was stored': (store) => {
        const first = new Map<string, Message>()
        return {
          storeMessage: altered(store.storeMessage, ({ message, created }) => {
            if (created) first.set(message.id, message)
            return { message: first.get(message.id) ?? message, created }
          }),
        }
      },
    },
  }),
]
