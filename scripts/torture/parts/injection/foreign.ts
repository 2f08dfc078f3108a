import type { DialogueStore, StoreTransaction } from '../../../../src/index.ts'
import type { Attempt } from '../../part.ts'
import { cursorsFor } from './cursors.ts'
import { guarded, type World } from './inject.ts'
import { outcomeOf, showsCanary, wrongError } from './outcome.ts'
import { type Person, START } from './scene.ts'

type Call = (store: DialogueStore, own: Person, cursor: string) => unknown

/** Every verb that takes a cursor, or a place to follow from. */
const WITH_CURSOR: Readonly<Record<string, Call>> = {
  'retrieveHistory before': (store, { userId }, before) =>
    store.retrieveHistory(userId, { before, limit: 1000 }),
  'retrieveHistory after': (store, { userId }, after) =>
    store.retrieveHistory(userId, { after, limit: 1000 }),
  iterateHistory: (store, { userId }, after) => store.iterateHistory(userId, { after }),
  followMessages: (store, { userId }, after) => store.followMessages({ userId, after }),
  'storeContext covers': async (store, { userId }, covers) => {
    await store.storeContext(userId, {}, { covers })
    return store.retrieveContext(userId, { pending: true })
  },
  'mergeContext covers': (store, { userId }, covers) => store.mergeContext(userId, { a: 1 }, { covers }),
  'updateContext covers': (store, { userId }, covers) => store.updateContext(userId, () => ({}), { covers }),
  'tx.storeContext covers': (store, { userId }, covers) =>
    store.withTransaction(async (tx) => {
      await tx.storeContext(userId, {}, { covers })
      return tx.retrieveContext(userId, { pending: true })
    }),
  listUsers: (store, { email }, cursor) => store.listUsers({ email, cursor }),
  iterateUsers: (store, { email }, cursor) => store.iterateUsers({ email, cursor }),
  retrieveEvents: (store, { userId }, cursor) => store.retrieveEvents({ creatorId: userId, cursor }),
}

const said = { sender: 'user', content: 'mine' }
type Verbs = Pick<DialogueStore, keyof StoreTransaction>

/** What an attacker may do with ids that are somebody else's; what each has to come to. */
const WITH_IDS: Readonly<Record<string, (verbs: Verbs, own: Person, other: Person) => unknown>> = {
  'getMessage by id': (verbs, own, other) => verbs.getMessage(own.userId, { id: other.messageId }),
  'getMessage by external id': (verbs, own, { externalId, conversationId }) =>
    verbs.getMessage(own.userId, { externalId, conversationId }),
  updateMessage: (verbs, own, other) => verbs.updateMessage(own.userId, other.messageId, { content: 'mine' }),
  'updateMessage externalId': (verbs, own, { externalId }) =>
    verbs.updateMessage(own.userId, own.messageId, { externalId }),
  'deleteMessages by id': (verbs, own, other) =>
    verbs.deleteMessages(own.userId, { ids: [other.messageId, other.voiceId] }),
  'deleteMessages by conversation': (verbs, own, { conversationId }) =>
    verbs.deleteMessages(own.userId, { conversationId }),
  'storeMessage id': (verbs, own, other) =>
    verbs.storeMessage({ userId: own.userId, id: other.messageId, ...said }),
  'storeMessages id': (verbs, own, other) =>
    verbs.storeMessages([{ userId: own.userId, id: other.messageId, ...said }]),
  'storeMessage externalId': (verbs, own, { externalId }) =>
    verbs.storeMessage({ userId: own.userId, externalId, ...said }),
  'storeEvent id': (verbs, own, other) =>
    verbs.storeEvent({ creatorId: own.userId, id: other.eventId, summary: 'mine', start: START }),
  'createUser identities': (verbs, _, { identity }) => verbs.createUser({ identities: [identity] }),
  'ensureUser id': (verbs, own, other) => verbs.ensureUser(own.identity, { id: other.userId, name: 'mine' }),
  'updateUser addIdentities': (verbs, own, { identity }) =>
    verbs.updateUser(own.userId, { addIdentities: [identity] }),
  'updateUser removeIdentities': (verbs, own, { identity }) =>
    verbs.updateUser(own.userId, { removeIdentities: [identity] }),
  'retrieveContext pending': (verbs, own, { conversationId }) =>
    verbs.retrieveContext(own.userId, { pending: { conversationId } }),
}

/** In how many rounds each verb has had each cursor. */
const CURSOR_ROUNDS = 4
const CURSORS = 'cursors of others, of other kinds, and forged'
const IDS = "somebody else's ids and identities"

type Needs = World & { store: DialogueStore }

/** What is somebody else's gives nothing of theirs, and changes nothing of theirs. */
export async function tryForeign(world: Needs & { round: number }, tally: Attempt['tally']): Promise<void> {
  const { store, bystander } = world
  const own = await world.makeAttacker()
  for (const [name, call] of Object.entries(WITH_CURSOR)) {
    await guarded(world, tally, CURSORS, name, async () => {
      const cursors = Object.entries(cursorsFor(own, bystander))
      const some = cursors.filter((_, i) => i % CURSOR_ROUNDS === world.round % CURSOR_ROUNDS)
      await Promise.all(
        some.map(([kind, cursor]) =>
          tryOne(tally, CURSORS, `${name}, ${kind}`, () => call(store, own, cursor)),
        ),
      )
    })
  }
  for (const [name, call] of Object.entries(WITH_IDS)) {
    await guarded(world, tally, IDS, name, async () => {
      await tryOne(tally, IDS, name, () => call(store, own, bystander))
      await tryOne(tally, IDS, `tx, ${name}`, () =>
        store.withTransaction(async (tx) => call(tx, own, bystander)),
      )
    })
  }
}

async function tryOne(
  tally: Attempt['tally'],
  what: string,
  name: string,
  call: () => unknown,
): Promise<void> {
  const outcome = await outcomeOf(call)
  tally.tried(what)
  if ('never' in outcome) return tally.lost(what, `${name}: it never ended`)
  const wrong = 'error' in outcome ? wrongError(outcome.error) : undefined
  if (wrong) tally.lost(what, `${name}: ${wrong}`)
  if ('given' in outcome && showsCanary(outcome.given))
    tally.lost(what, `${name}: it gave something of the bystander`)
}
