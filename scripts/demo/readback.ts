import type { DemoStore } from './shapes.ts'

/** What the demo tells of the day it reads from the store: these are the questions. */

/** Users by how far their registration got. */
export async function readRegistrations(store: DemoStore): Promise<{ unknown: number; known: number }> {
  let [unknown, known] = [0, 0]
  for await (const { name, email, states } of store.iterateUsers()) {
    if (name && email && !states.registration) known++
    else unknown++
  }
  return { unknown, known }
}

/** Voice notes that have their audio. */
export async function readVoiceNotes(store: DemoStore, userIds: string[]): Promise<number> {
  const counts = await Promise.all(
    userIds.map(async (id) => {
      let spoken = 0
      for await (const { audio } of store.iterateHistory(id, { types: ['voice'] })) if (audio) spoken++
      return spoken
    }),
  )
  return sum(counts)
}

/** How often contexts were written, and how many messages they take in. */
export async function readContexts(store: DemoStore, userIds: string[]) {
  const contexts = await Promise.all(userIds.map((id) => store.retrieveContext(id, { pending: true })))
  return {
    writes: sum(contexts.map(({ version }) => version)),
    covered: sum(contexts.map(({ data }) => data.messages ?? 0)),
    pending: sum(contexts.map(({ pending }) => pending ?? 0)),
  }
}

const sum = (numbers: number[]): number => numbers.reduce((total, one) => total + one, 0)
