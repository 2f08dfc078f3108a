import type { Scene } from './case.ts'
import { appointment, newName, say, someDay, talk } from './samples.ts'

/** Somebody who has something of everything: is in a flow, said two things, has an appointment and a context. */
export async function makeSomebody({ store, person }: Scene) {
  const day = someDay()
  const flow = newName()
  const user = await person({ states: { [flow]: 'begun' } })
  const said = await talk(store, user.id, ['first', 'second'])
  const event = await appointment(store, user.id, day)
  await store.storeContext(user.id, { turns: 1 })
  return { user, flow, said, event, day }
}
export type Somebody = Awaited<ReturnType<typeof makeSomebody>>

/** The same, who has also spoken in a group, and cancelled another appointment of that day. */
export async function makeSomebodyBusy(scene: Scene) {
  const { store } = scene
  const somebody = await makeSomebody(scene)
  const { user, event, day } = somebody
  await say(store, user.id, 'in a group', { conversationId: 'group', externalId: 'x' })
  const cancelled = await store.cancelEvent((await appointment(store, user.id, day)).id)
  return { ...somebody, events: [event, cancelled] }
}
