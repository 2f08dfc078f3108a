import type { Scene, Turn } from '../turn.ts'
import { decideDeletion } from './deletion.ts'
import { decideProfile } from './profile.ts'
import { decideScheduling } from './scheduling.ts'
import { talk } from './talk.ts'

/** What a message leads to. Nothing happens here, and no transaction waits while the model thinks. */
export async function decide(scene: Scene): Promise<Turn> {
  const { user, message, model } = scene
  const { registration, editing, deletion, scheduling } = user.states
  if (message.content === '') return { answer: 'I could not make that out. Can you write it, please?' }
  const intent = await model.intent(message.content)
  if (deletion || intent === 'delete') return decideDeletion(scene, intent)
  if (registration || editing || intent === 'edit') return decideProfile(scene, intent)
  if (scheduling || intent === 'schedule') return decideScheduling(scene, intent)
  return talk(scene, intent)
}
