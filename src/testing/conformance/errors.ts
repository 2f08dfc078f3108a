import { doesNotMatch, equal, match } from 'node:assert/strict'
import { inspect } from 'node:util'
import { DialogueStoreError } from '../../errors.ts'
import type { DialogueStore } from '../../index.ts'
import { casesOf } from './case.ts'
import { has, rejects, thrownBy } from './checks.ts'
import { appointment, BEGIN, identity, newId, say, says } from './samples.ts'

/** Something that a user wrote, and nobody else may see. */
const SECRET = 'xylophone'

/** Calls that fail, each of which is given the secret wherever there is room for it. */
const failing = (store: DialogueStore, userId: string, taken: { provider: string; id: string }) => [
  () => store.createUser({ name: SECRET, email: SECRET, data: { at: new Date(SECRET) } }),
  () => store.createUser({ name: SECRET, identities: [taken] }),
  () => store.updateUser(userId, { name: SECRET, data: { [SECRET]: SECRET } }, { ifVersion: 7 }),
  () => store.updateUser(userId, { name: SECRET, data: { list: [SECRET, Number.NaN] } }),
  () => store.storeMessage(says(newId(), SECRET, { metadata: { text: SECRET } })),
  () => store.storeMessage(says(userId, SECRET, { audio: { uri: SECRET } })),
  () => store.retrieveHistory(userId, { before: SECRET }),
  () => store.getMessage(userId, { externalId: SECRET }),
  () => store.storeContext(userId, { text: SECRET }, { ifVersion: 7 }),
  () => store.mergeContext(userId, { text: [SECRET, undefined] }),
  () => store.storeEvent({ creatorId: userId, summary: SECRET, location: SECRET, start: BEGIN, end: BEGIN }),
  () => store.updateEvent(newId(), { summary: SECRET, description: SECRET }),
  () => store.withTransaction((tx) => tx.storeMessages([says(userId, SECRET), says(newId(), SECRET)])),
]

export const errors = casesOf('errors', {
  'show nothing that a user wrote': async ({ store, person }) => {
    const taken = { ...identity(), provider: SECRET }
    const { id } = await person({ identities: [taken] })
    for (const call of failing(store, id, taken)) {
      const error = await thrownBy(call())
      equal(error instanceof DialogueStoreError, true, `${error}`)
      for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)])
        doesNotMatch(shown.replaceAll(/^ +at .*$/gm, ''), new RegExp(SECRET))
    }
  },

  'say what to do, and survive JSON': async ({ store, person }) => {
    const { id } = await person()
    const error = await rejects(store.updateUser(id, {}, { ifVersion: 7 }), 'VERSION_CONFLICT')
    match(error.message, /^.{20,300}$/s)
    const parsed: object = JSON.parse(JSON.stringify(error))
    const fields = { code: 'VERSION_CONFLICT', outcome: 'not-applied', retryable: false }
    has(parsed, { ...fields, expected: 7, actual: 1 })
  },

  'name everything that is wrong with an input at once': async ({ store }) => {
    const input = { identities: [{ provider: '', id: 'x' }], email: 'x', timezone: 'x' }
    const { issues = [] } = await rejects(store.createUser(input), 'INVALID_INPUT')
    equal(
      issues
        .map(({ path }) => path.join('.'))
        .sort()
        .join(),
      'email,identities.0.provider,timezone',
    )
  },

  'tell what no document has room for': async ({ store, person }) => {
    const { id } = await person()
    const huge = 'x'.repeat(17 * 2 ** 20)
    await rejects(store.storeContext(id, { huge }), 'TOO_LARGE')
    await rejects(store.updateUser(id, { data: { huge } }), 'TOO_LARGE')
    await rejects(say(store, id, huge), 'TOO_LARGE')
    await rejects(appointment(store, id, BEGIN, { data: { huge } }), 'TOO_LARGE')
    has(await store.retrieveContext(id), { data: {}, version: 0 })
  },
})
