import type { Activity } from 'botbuilder-core'

let conversations = 0
/** A name that no other one has. */
export const makeConversation = () => `conversation ${++conversations}`
export const START = new Date('2030-01-01T10:00:00Z')
export const minutes = (n: number) => new Date(START.getTime() + n * 60_000)

/** What five people and a bot say, as the framework's tests have it: without roles. */
export function makeActivities(conversation: string, count = 5): Activity[] {
  return Array.from({ length: count * 2 }, (_, i) => {
    const [person, bot] = [{ id: `User${(i >> 1) + 1}` }, { id: 'Bot1', name: '2' }]
    const [from, recipient] = i % 2 ? [bot, person] : [person, bot]
    return {
      ...{ type: 'message', timestamp: minutes(i), id: `${conversation} ${i}`, text: `${(i >> 1) + 1}` },
      ...{ channelId: 'test', from, conversation: { id: conversation }, recipient },
      serviceUrl: 'http://foo.com/api/messages',
    } as Activity
  })
}
