import type { Intent } from '../model.ts'
import type { Scene, Turn } from '../turn.ts'

/** What the model is given to read: of both sides. */
const HISTORY = 10

/** Neither an appointment nor the person is the subject. */
export async function talk(scene: Scene, intent: Intent): Promise<Turn> {
  if (intent === 'my data') return { answer: await heldOf(scene) }
  const { store, user, model } = scene
  const [{ messages }, { data }] = await Promise.all([
    store.retrieveHistory(user.id, { limit: HISTORY, count: false }),
    store.retrieveContext(user.id),
  ])
  return { answer: await model.answer(messages, data.summary) }
}

/** What is kept of them. The export is read as it comes, however long their history is. */
async function heldOf({ store, user }: Scene): Promise<string> {
  const counts = { user: 0, context: 0, event: 0, message: 0, session: 0 }
  let memory = 'nothing yet'
  for await (const item of store.exportUser(user.id)) {
    counts[item.kind]++
    if (item.kind === 'context') memory = item.data.data.summary ?? memory
  }
  return [
    `You are ${user.name}, ${user.email}.`,
    `I keep ${counts.message} messages and ${counts.event} appointments of you.`,
    `My memory of you: ${memory}.`,
    'Say "edit" to change who you are, or "forget me".',
  ].join(' ')
}
