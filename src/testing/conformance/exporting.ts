import { deepEqual, equal } from 'node:assert/strict'
import { casesOf } from './case.ts'
import { all, firstOf, refuses, rejects } from './checks.ts'
import { appointment, at, BEGIN, newId, talk, untyped, upTo } from './samples.ts'

export const exporting = casesOf('exportUser', {
  'gives all that is stored of one user, each once, and nothing of others': async ({ store, person }) => {
    const [user, other] = [await person({ data: { 'a.b': {} } }), await person()]
    await talk(store, other.id, ['theirs'])
    const said = await talk(store, user.id, upTo(70), { conversationId: 'group' })
    await store.storeContext(user.id, { summary: 'x' }, { covers: at(said, 3).cursor })
    const first = await appointment(store, user.id, BEGIN)
    const cancelled = await store.cancelEvent((await appointment(store, user.id, BEGIN)).id)
    const items = await all(store.exportUser(user.id))
    const of = (wanted: string) => items.flatMap(({ kind, data }) => (kind === wanted ? [data] : []))
    deepEqual(of('user'), [user])
    deepEqual(of('context'), [await store.retrieveContext(user.id)])
    deepEqual(new Set(of('event')), new Set([first, cancelled]))
    deepEqual(of('message'), said)
    equal(items.length, 74)
  },

  'fails at its first step': async ({ store }) => {
    const [nobody, wrong] = [store.exportUser(newId()), store.exportUser(untyped({ $ne: null }))]
    await rejects(firstOf(nobody), 'USER_NOT_FOUND')
    await refuses(firstOf(wrong), 'userId')
  },
})
