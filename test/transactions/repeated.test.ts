import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import type { DialogueStore, Message } from '../../src/index.ts'
import { LOST_REPLY, makeFaultyServer } from '../support/faults.ts'
import { makeUser } from '../support/make.ts'
import { changedTo, leaveEntry, messageOf } from './support/entries.ts'
import { contentsIn, says } from './support/turns.ts'

let server: Awaited<ReturnType<typeof makeFaultyServer>>
let store: DialogueStore
beforeAll(async () => {
  server = await makeFaultyServer()
  store = await server.borrow()
})
afterAll(() => server.stop())

test('what a transaction left is done, though a reply is lost and the driver asks again by itself', async () => {
  const { id } = await makeUser(store)
  const say = async (content: string): Promise<Message> =>
    (await store.storeMessage(says(id, content))).message
  const [first, second] = [await say('first'), await say('second')]
  await leaveEntry(server.db, id, {
    inserts: [messageOf(id, 'third')],
    replacements: [changedTo(first, 'changed')],
    deletions: [new ObjectId(second.id)],
  })
  await server.fail({ failCommands: ['findAndModify'], collection: 'journal', ...LOST_REPLY }, { times: 1 })
  expect(await contentsIn(store, id)).toEqual(['changed', 'third'])
})
