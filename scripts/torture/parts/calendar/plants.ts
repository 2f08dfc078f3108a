import type { Scene } from './scene.ts'

export const plants = {
  differs: 'changes an event in the store behind the back of both',
  orphan: 'leaves an event at Google that nobody is told of',
  reverted: 'sets an event back on both sides',
  ended: 'cancels an event on both sides, which nobody wanted',
}

/** Commits the fault, after all is brought together. */
export async function plantIn({ db, people }: Scene, plant: string | undefined): Promise<void> {
  const events = db.collection('dialogue_events')
  const filter = { status: 'confirmed', googleCalendarId: { $exists: true } }
  if (plant === 'differs') await events.updateOne(filter, { $set: { location: 'elsewhere' } })
  if (plant === 'orphan')
    people.put({ summary: 'orphan', start: { date: '2030-01-01' }, end: { date: '2030-01-02' } })
  if (plant === 'ended') {
    const event = await events.findOneAndUpdate(filter, { $set: { status: 'cancelled' } })
    people.remove(event?.googleCalendarId)
  }
  if (plant === 'reverted') {
    const event = await events.findOneAndUpdate(filter, { $set: { summary: 'as it was' } })
    people.change(event?.googleCalendarId, { summary: 'as it was' })
  }
}
