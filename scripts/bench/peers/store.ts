import type { DialogueStore } from '../../../src/index.ts'
import { builtPackage } from './build.ts'
import type { Line, Peer, Verb, With } from './peer.ts'
import { phoneOf } from './scene.ts'

export interface StoreVerbs extends With<Verb> {
  store: DialogueStore
  idOf(user: number): string
}

const PROVIDER = 'whatsapp'
const TURN_READS = 20

export const store: Peer<StoreVerbs> = {
  name: 'dialogue-store',

  async open({ uri, dbName, users, capBytes }) {
    const retention = capBytes
      ? ({ kind: 'capped', sizeBytes: capBytes } as const)
      : ({ kind: 'rolling' } as const)
    const { openStore } = await builtPackage()
    const store = await openStore({ uri, dbName, retention })
    const ids = await createUsers(store, users)
    const idOf = (user: number) => ids[user] ?? ''
    return {
      store,
      idOf,
      storeLine: (user, line) => store.storeMessage({ userId: idOf(user), ...line }),
      storeLines: (user, lines) =>
        store.storeMessages(lines.map((line) => ({ userId: idOf(user), ...line }))),
      newest: async (user, limit) =>
        (await store.retrieveHistory(idOf(user), { limit, count: false })).messages,
      replaceContext: (user, data) => store.storeContext(idOf(user), data),
      mergeContext: (user, patch) => store.mergeContext(idOf(user), patch),
      turn: (user, said, answer) => turn(store, user, said, answer),
      close: store.close,
    }
  },
}

async function createUsers(store: DialogueStore, users: number): Promise<string[]> {
  const ids: string[] = []
  const create = async (user: number) => {
    const identities = [{ provider: PROVIDER, id: phoneOf(user) }]
    ids[user] = (await store.createUser({ name: `Person ${user}`, identities })).id
  }
  for (let user = 0; user < users; user += 50) {
    const some = Array.from({ length: Math.min(50, users - user) }, (_, i) => user + i)
    await Promise.all(some.map(create))
  }
  return ids
}

async function turn(store: DialogueStore, user: number, said: Line, answer: Line): Promise<void> {
  const found = await store.findUser({ provider: PROVIDER, id: phoneOf(user) })
  const userId = found?.id ?? ''
  const [context] = await Promise.all([
    store.retrieveContext(userId),
    store.retrieveHistory(userId, { limit: TURN_READS, count: false }),
  ])
  await store.storeMessages([
    { userId, ...said },
    { userId, ...answer },
  ])
  await store.storeContext(userId, {
    ...context.data,
    lastSaid: said.content,
    turns: turnsOf(context.data) + 1,
  })
}

const turnsOf = (data: object): number => ('turns' in data && typeof data.turns === 'number' ? data.turns : 0)
