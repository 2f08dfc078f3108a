import { type DialogueStore, DialogueStoreError, type Message } from '../../../src/index.ts'
import { makeIdentity, makeWorld } from '../../support/make.ts'
import { makeStore } from '../../support/store.ts'

/** Two stores on one database, as two processes have them, and somebody whom neither knows yet. */
export async function makeTwoStores() {
  const { store, db, dbName } = await makeWorld()
  const other = await makeStore({ dbName })
  const place = { identity: makeIdentity(), conversationId: 'c1' }
  return { store, other, db, place }
}

type Place = Awaited<ReturnType<typeof makeTwoStores>>['place']

/** The conversation as any other reader of the store sees it, oldest first. */
export async function heard(store: DialogueStore, { identity, conversationId }: Place): Promise<Message[]> {
  const user = await store.findUser(identity)
  if (!user) return []
  return (await store.retrieveHistory(user.id, { conversationId, limit: 1000 })).messages
}

/** What a call that has to fail with a store's error says. */
export async function refusal(call: Promise<unknown> | undefined): Promise<string> {
  const error = await Promise.resolve(call).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof DialogueStoreError)) throw new Error(`a store's error expected, not ${error}`)
  return `${error.code} ${error.outcome}: ${error.message}`
}
