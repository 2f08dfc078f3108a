import { deepEqual, equal } from 'node:assert/strict'
import { casesOf } from './case.ts'
import { contents, history } from './checks.ts'
import { at, atOnce, BEGIN, newId, say, says, upTo } from './samples.ts'

export const deliveries = casesOf('a delivery that comes again', {
  'gives the first message, whatever it says now': async ({ store, person }) => {
    const { id } = await person()
    const first = await store.storeMessage(says(id, 'first', { externalId: 'x', metadata: { try: 1 } }))
    equal(first.created, true)
    const other = { externalId: 'x', sender: 'assistant', timestamp: BEGIN, id: newId() }
    deepEqual(await store.storeMessage(says(id, 'other', other)), { ...first, created: false })
    deepEqual(await history(store, id), ['first'])
  },

  'gives the message as it was changed since': async ({ store, person }) => {
    const { id } = await person()
    const { id: messageId } = await say(store, id, 'said', { externalId: 'x' })
    const message = await store.updateMessage(id, messageId, { content: 'corrected' })
    deepEqual(await store.storeMessage(says(id, 'said', { externalId: 'x' })), { message, created: false })
  },

  'stores once, when many come at the same time': async ({ store, person }) => {
    const { id } = await person()
    const outcomes = await atOnce(20, (i) => store.storeMessage(says(id, `${i}`, { externalId: 'x' })))
    equal(outcomes.filter(({ created }) => created).length, 1)
    for (const { message } of outcomes) deepEqual(message, outcomes[0]?.message)
    deepEqual(await history(store, id), contents([at(outcomes, 0).message]))
  },

  'stores once in bulks beside calls': async ({ store, person }) => {
    const { id } = await person()
    const again = says(id, 'delivered', { externalId: 'x' })
    const [bulk, ...calls] = await Promise.all([
      store.storeMessages([again, again, again]),
      ...upTo(5).map(() => store.storeMessage(again)),
    ])
    const created = [...bulk.map(({ status }) => status === 'created'), ...calls.map((call) => call.created)]
    equal(created.filter(Boolean).length, 1)
    deepEqual(await history(store, id), ['delivered'])
  },

  'is another one for another user, conversation or external id': async ({ store, person }) => {
    const [{ id }, other] = [await person(), await person()]
    const inputs = [
      says(id, '0', { externalId: 'x' }),
      says(id, '1', { externalId: 'x', conversationId: 'group' }),
      says(id, '2', { externalId: 'x', conversationId: 'null' }),
      says(id, '3', { externalId: 'X' }),
      says(other.id, '4', { externalId: 'x' }),
    ]
    for (const input of inputs) equal((await store.storeMessage(input)).created, true)
    for (const input of inputs) {
      const { message, created } = await store.storeMessage(input)
      deepEqual([message.content, created], [input.content, false])
    }
    deepEqual([await history(store, id), await history(store, other.id)], [['0', '1', '2', '3'], ['4']])
  },

  'stays away after it was deleted': async ({ store, person }) => {
    const { id } = await person()
    const { message } = await store.storeMessage(says(id, 'once', { externalId: 'x' }))
    await store.deleteMessages(id, { all: true })
    const again = await store.storeMessage(says(id, 'once', { externalId: 'x' }))
    deepEqual([again.message.id, again.created], [message.id, false])
    deepEqual(await history(store, id), [])
  },
})
