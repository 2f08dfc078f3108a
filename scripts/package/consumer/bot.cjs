const assert = require('node:assert/strict')

/** Stores and pages through a history, as any bot would. */
exports.play = async (openStore) => {
  const store = await openStore({ uri: process.env.MONGODB_URI, dbName: `bot-${process.pid}` })
  const user = await store.createUser({ identities: [{ provider: 'whatsapp', id: '+441632960000' }] })
  for (const content of ['Hi', 'Are you there?', 'Hello', 'What is new?', 'A lot']) {
    await store.storeMessage({ userId: user.id, sender: 'user', content })
  }
  const newest = await store.retrieveHistory(user.id, { limit: 2 })
  const middle = await store.retrieveHistory(user.id, { limit: 2, before: newest.older })
  const oldest = await store.retrieveHistory(user.id, { limit: 2, before: middle.older })
  const contents = [...oldest.messages, ...middle.messages, ...newest.messages].map(({ content }) => content)
  assert.deepEqual(contents, ['Hi', 'Are you there?', 'Hello', 'What is new?', 'A lot'])
  assert.equal(newest.count, 5)
  assert.equal(oldest.older, null)
  await store.close()
}

/** The folders of the packages that this process has loaded, as far as they are CommonJS: the optional ones are. */
exports.tellLoaded = () => {
  const folders = Object.keys(require.cache).flatMap(
    (file) => file.match(/^.*\/node_modules\/(@[^/]+\/)?[^/]+/)?.[0] ?? [],
  )
  console.log(JSON.stringify([...new Set(folders)]))
}
