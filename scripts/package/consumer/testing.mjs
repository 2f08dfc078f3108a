import assert from 'node:assert/strict'
import { DialogueStoreError } from 'dialogue-store'
import { closeTestStores, makeConversation, openTestStore } from 'dialogue-store/testing'
import { conformanceCases } from 'dialogue-store/testing/conformance'

/* What a bot's own test does: a store on a server that it need not care about. */
const store = await openTestStore()
const { user, created } = await store.ensureUser({ provider: 'telegram', id: '7' })
assert.equal(created, true)
const { message } = await store.storeMessage({ userId: user.id, sender: 'assistant', content: 'Hello' })
assert.deepEqual((await store.retrieveHistory(user.id)).messages, [message])
/* Both entries throw the same class. */
await assert.rejects(store.getUser('0'.repeat(24)), DialogueStoreError)
const { messages } = await makeConversation(store, { user, turns: 4 })
assert.equal(messages.length, 4)
/* A third entry, whose cases know the errors of the others. */
for (const one of conformanceCases.filter(({ subject }) => subject === 'users')) await one.run(store)
await closeTestStores()
