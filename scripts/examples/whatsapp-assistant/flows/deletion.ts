import type { Intent } from '../model.ts'
import type { Scene, Turn } from '../turn.ts'

/** Everything of theirs is erased, once they have confirmed it. */
export async function decideDeletion({ user }: Scene, intent: Intent): Promise<Turn> {
  if (!user.states.deletion)
    return {
      answer:
        'Shall I delete all that I know of you, for good: messages, appointments, everything? yes or no',
      user: { states: { deletion: 'waiting_for_confirm' } },
    }
  const settled = { states: { deletion: null } }
  if (intent === 'yes') return { answer: 'It is all deleted. Goodbye!', user: settled, erase: true }
  return { answer: 'Nothing is deleted.', user: settled }
}
