import type { DialogueStore, NewUser, User } from '../../index.ts'
import { soon } from './checks.ts'
import { identity } from './samples.ts'

/** One thing that the contract says of a store, and how to see it. */
export interface ConformanceCase {
  /** What it is about: `users`, `history`, … */
  subject: string
  title: string
  /** It closes the store that it is given: open one for it alone. */
  closes?: true
  /**
   * Needs nothing of what is stored, and erases the users that it makes.
   * @param erasing where erasures go that have begun, if somebody else awaits them: that takes longer than most cases
   * @throws Error, by `node:assert`, where the store does otherwise than the contract says
   */
  run(store: DialogueStore, erasing?: Promise<unknown>[]): Promise<void>
}

/** What a case plays with. */
export interface Scene {
  store: DialogueStore
  /** Somebody new, erased when the case is over. */
  person(fields?: Partial<NewUser>): Promise<User>
  /** Somebody whom the case has stored otherwise is erased then, too. */
  alsoErase(userId: string): void
}

type Work = (scene: Scene) => Promise<void>

/** The cases of a subject, by title. */
export const casesOf = (subject: string, works: Record<string, Work>): ConformanceCase[] =>
  Object.entries(works).map(([title, work]) => ({
    subject,
    title,
    async run(store, erasing) {
      const { scene, eraseAll } = makeScene(store)
      const [played] = await Promise.allSettled([work(scene)])
      const erased = soon(eraseAll()).catch((cause: unknown) => {
        throw new Error(`The users of "${subject}: ${title}" could not be erased.`, { cause })
      })
      /* Who awaits it later is told then. */
      erased.catch(() => {})
      erasing?.push(erased)
      if (played.status === 'rejected') throw played.reason
      if (!erasing) await erased
    },
  }))

function makeScene(store: DialogueStore): { scene: Scene; eraseAll(): Promise<unknown> } {
  const people = new Set<string>()
  const scene: Scene = {
    store,
    async person(fields) {
      const user = await store.createUser({ name: 'Somebody', identities: [identity()], ...fields })
      people.add(user.id)
      return user
    },
    alsoErase: (userId) => people.add(userId),
  }
  return { scene, eraseAll: () => Promise.all([...people].map((userId) => store.deleteUser(userId))) }
}
