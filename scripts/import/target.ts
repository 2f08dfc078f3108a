import { bytesOf } from '../../src/db/size.ts'
import { newEvent } from '../../src/events/schema.ts'
import { endOf } from '../../src/events/span.ts'
import { type DialogueStore, DialogueStoreError, type NewEvent, type NewMessage } from '../../src/index.ts'
import { json, parse } from '../../src/input.ts'
import { accept } from '../../src/messages/accept.ts'
import { newUser } from '../../src/users/schema.ts'
import type { Identity, Item } from './item.ts'

type Defaults = Extract<Item, { kind: 'users' }>['defaults'] & { id: string }
/** What became of a message. */
export type MessageOutcome = 'created' | 'duplicate' | DialogueStoreError

/** Where items go. Everything has an id of ours, so that the same is stored once. */
export interface Target {
  user(identity: Identity, defaults: Defaults): Promise<{ id: string; created: boolean }>
  messages(inputs: NewMessage[]): Promise<MessageOutcome[]>
  /** Whether it was stored. */
  context(userId: string, data: object): Promise<boolean>
  event(input: NewEvent & { id: string }): Promise<boolean>
}

/** A store. What it has stays as it is. */
export function storeTarget(store: DialogueStore): Target {
  return {
    async user(identity, defaults) {
      try {
        const { user, created } = await store.ensureUser(identity, defaults)
        return { id: user.id, created }
      } catch (error) {
        /* Whom an earlier run stored has another identity by now. */
        if (isOf('defaults.id', error)) return { id: (await store.getUser(defaults.id)).id, created: false }
        throw error
      }
    },
    async messages(inputs) {
      const outcomes = await store.storeMessages(inputs)
      return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.error : outcome.status))
    },
    async context(userId, data) {
      /* One that was emptied since an earlier run has a version. */
      const { version } = await store.retrieveContext(userId)
      if (version > 0) return false
      try {
        await store.storeContext(userId, data, { ifVersion: 0 })
        return true
      } catch (error) {
        if (error instanceof DialogueStoreError && error.code === 'VERSION_CONFLICT') return false
        throw error
      }
    },
    event: async (input) => (await store.storeEvent(input)).created,
  }
}

/** Nobody's store: checks what a store would check, and keeps nothing. */
export const trialTarget: Target = {
  async user(identity, defaults) {
    parse(newUser, { ...defaults, identities: [identity] })
    return { id: defaults.id, created: true }
  },
  messages: async (inputs) => inputs.map(trialOutcome),
  async context(_, data) {
    parse(json, data, ['data'])
    return true
  },
  async event(input) {
    endOf(parse(newEvent, input))
    return true
  },
}

function trialOutcome(input: NewMessage): MessageOutcome {
  try {
    bytesOf(accept(input, undefined).document)
    return 'created'
  } catch (error) {
    if (error instanceof DialogueStoreError) return error
    throw error
  }
}

/** Whether an input was refused for that field alone. */
export const isOf = (path: string, error: unknown): boolean =>
  error instanceof DialogueStoreError &&
  error.issues?.length === 1 &&
  error.issues[0]?.path.filter((part) => typeof part === 'string').join('.') === path
