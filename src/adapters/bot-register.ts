import type { ObjectId } from '../ids.ts'
import type { SessionDocument } from '../sessions/schema.ts'
import type { Sessions } from '../sessions/sessions.ts'

/** A conversation of a channel. */
export interface Conversation {
  channelId: string
  /** The channel's own id of it. */
  id: string
}

const NAMESPACE = 'botbuilder transcripts'
/* No id has a control character, so that the keys of one conversation are side by side. */
const END = '\n'
const PAST_END = '\v'

export const nameOf = ({ channelId, id }: Conversation): string => `${channelId}/${id}`

/**
 * Who has said something in which conversation, which nobody could tell from messages by user: a session for each, which
 * goes with its user.
 */
export function createRegister(sessions: Sessions) {
  const members = (conversation: Conversation) => {
    const name = nameOf(conversation)
    return sessions.list(NAMESPACE, { from: name + END, to: name + PAST_END })
  }

  return {
    /** Theirs, as long as they are there. */
    members,
    /** @throws DialogueStoreError `USER_NOT_FOUND` */
    async note(conversation: Conversation, userId: ObjectId, created: Date): Promise<void> {
      const key = `${nameOf(conversation)}${END}${userId.toHexString()}`
      const place = { namespace: NAMESPACE, key }
      const value = { ...conversation, created: created.toISOString() }
      if (!(await sessions.find(place))) await sessions.insert(place, { data: { value }, userId })
    },
    remove: ({ namespace, key, _id, version }: SessionDocument) =>
      sessions.remove({ namespace, key }, { _id, version }),

    /** Conversations of a channel by id, after one of them, and when each began. */
    async *list(channelId: string, after: string | undefined) {
      const from = after === undefined ? `${channelId}/` : nameOf({ channelId, id: after }) + PAST_END
      let last: { id: string; created: Date } | undefined
      /* '0' follows '/'. */
      for await (const document of sessions.list(NAMESPACE, { from, to: `${channelId}0` })) {
        const { id, created } = document.data.value as { id: string; created: string }
        const at = new Date(created)
        if (last?.id === id) last.created = at < last.created ? at : last.created
        else {
          if (last) yield last
          last = { id, created: at }
        }
      }
      if (last) yield last
    },
  }
}
