import type { DialogueStore, Message } from '../../../../src/index.ts'
import type { Attempt } from '../../part.ts'
import type { Person } from './person.ts'

const FOLLOWED = 'messages that were followed while they were stored'

/** Follows all messages, and knows who has said what. */
export function followAll(store: DialogueStore, { tally }: Attempt) {
  /** By user: how often each message came. */
  const came = new Map<string, Map<string, number>>()
  const left = new AbortController()
  function count({ id, userId }: Message): void {
    const theirs = came.get(userId) ?? new Map<string, number>()
    came.set(userId, theirs)
    theirs.set(id, (theirs.get(id) ?? 0) + 1)
    tally.tried(FOLLOWED)
  }
  const ended = (async () => {
    for await (const { message } of store.followMessages({ signal: left.signal })) count(message)
  })()
  ended.catch((error: unknown) => tally.lost(FOLLOWED, `following ended: ${error}`))
  return {
    /** Whether all that somebody has said came, and once. Forgets it. */
    async settle({ id, messages }: Person, patience: () => Promise<boolean>): Promise<void> {
      const missing = () => messages.filter((one) => !came.get(id)?.has(one.id))
      while (missing().length > 0 && (await patience()));
      for (const one of missing()) tally.lost(FOLLOWED, `${one.id} of ${id} never came`)
      for (const [message, times] of came.get(id) ?? [])
        if (times > 1) tally.lost(FOLLOWED, `${message} of ${id} came ${times} times`)
      came.delete(id)
    },
    async stop(): Promise<void> {
      left.abort()
      await ended.catch(() => {})
    },
  }
}
