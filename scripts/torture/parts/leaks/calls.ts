import type { DialogueStore } from '../../../../src/index.ts'
import { besideCalls } from './beside.ts'
import type { Call } from './call.ts'
import { keyOf, textOf, wordOf } from './marks.ts'
import { jsonOf, newEvent, newMessage, newUser, type Subject } from './subject.ts'

const call = (verb: string, ...args: unknown[]): Call => ({ verb, args })

const identity = () => ({ provider: textOf('Provider'), id: wordOf('Identity') })
const states = () => ({ [keyOf('Flow')]: textOf('State') })

/** One call of every verb, with a mark in everything that is text. What ends things comes last. */
export function callsFor(subject: Subject, verbs: object): Call[] {
  const [calls, ends] = [storeCalls(subject), endingCalls(subject)]
  const inside = [...calls, ...ends].map((one) => ({ ...one, verb: `tx.${one.verb}` }))
  return [...besideCalls(subject), ...calls, ...inside.filter(({ verb }) => verb in verbs), ...ends]
}

const endingCalls = ({ userId, eventId }: Subject): Call[] => [
  call('deleteEvent', eventId),
  call('deleteUser', userId),
]

function storeCalls({ userId, messageId, eventId, cursor, live }: Subject): Call[] {
  const { creatorId: _, externalId: __, ...event } = newEvent(userId)
  const { identities, ...user } = newUser()
  const { content, audio, metadata, externalId, sender, conversationId } = newMessage(userId)
  const filter = { conversationId, senders: [sender], types: ['voice'] }
  return [
    call('createUser', newUser()),
    call('getUser', userId),
    call('findUser', identity()),
    call('ensureUser', identities[0], user),
    call('withUserLock', userId, async () => textOf('Work'), { waitMs: 100, leaseMs: 1000 }),
    call('updateUser', userId, { ...user, addIdentities: identities, removeIdentities: [identity()] }),
    call('updateUser', userId, () => ({ ...user }), { ifVersion: 1, ifStates: states() }),
    call('listUsers', { email: user.email, states: states(), limit: 2 }),
    call('iterateUsers', { email: user.email, states: states() }),
    call('exportUser', userId),
    call('storeMessage', newMessage(userId)),
    call('storeMessages', [newMessage(userId), { ...newMessage(userId), externalId: null }]),
    call('retrieveHistory', userId, { ...filter, before: cursor, count: 'exact' }),
    call('iterateHistory', userId, { ...filter, after: cursor }),
    call('followMessages', { userId, after: live }),
    call('getMessage', userId, { externalId, conversationId }),
    call('updateMessage', userId, messageId, { content, audio, metadata, externalId }, { ifVersion: 1 }),
    call('deleteMessages', userId, { conversationId: textOf('Elsewhere') }),
    call('storeContext', userId, jsonOf('Context'), { covers: cursor }),
    call('mergeContext', userId, jsonOf('Patch')),
    call('updateContext', userId, () => jsonOf('Changed')),
    call('retrieveContext', userId, { pending: { senders: [sender], conversationId } }),
    call('deleteContext', userId),
    call('storeEvent', newEvent(userId)),
    call('getEvent', eventId, { withCreator: true }),
    call('updateEvent', eventId, event),
    call('cancelEvent', eventId),
    call('retrieveEvents', { creatorId: userId, withCreator: true, limit: 1 }),
    call('withTransaction', turnOf(userId)),
    call('ping'),
    call('stats'),
  ]
}

const turnOf =
  (userId: string) => async (tx: Parameters<Parameters<DialogueStore['withTransaction']>[0]>[0]) => {
    await tx.storeMessage(newMessage(userId))
    await tx.mergeContext(userId, jsonOf('Turn'))
    await tx.storeEvent(newEvent(userId))
    await tx.updateUser(userId, { states: states() })
    return tx.storeMessage({ ...newMessage(userId), externalId: null })
  }
