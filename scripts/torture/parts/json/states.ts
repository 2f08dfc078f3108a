import fc from 'fast-check'
import type { Attempt } from '../../part.ts'
import { differenceOf } from './difference.ts'
import { mergePatch } from './oracle.ts'
import { forget, type Scene } from './scene.ts'
import { sample } from './values.ts'

const isFlow = (name: string): boolean => /^(?!__proto__$)[^.$\0][^.\0]{0,99}$/.test(name)

const flow = fc.oneof(
  fc.constantFrom('registration', 'constructor', 'toString', 'hasOwnProperty', '0', 'a$b', 'scheduling'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter(isFlow),
)
const state = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
const states = fc.dictionary(flow, state, { maxKeys: 8, noNullPrototype: true })
const patch = fc.dictionary(flow, fc.option(state), { maxKeys: 8, noNullPrototype: true })
const change = fc.record({ states, patch })

const WHAT = 'states of users'
const AT_ONCE = 16

/** States are kept, merged and asked for by whatever their flows are called. */
export async function carryStates({
  scene,
  random,
  tally,
}: Pick<Attempt, 'random' | 'tally'> & { scene: Scene }) {
  const { store } = scene
  const changes = sample(change, AT_ONCE, random)
  const found = await Promise.all(
    changes.map(async ({ states, patch }) => {
      const created = await store.createUser({ name: 'Ana', states })
      const { users } = await store.listUsers({ states, limit: 1000 })
      await store.updateUser(created.id, { states: patch }, { ifStates: states })
      const { states: after } = await store.getUser(created.id)
      return {
        id: created.id,
        created: created.states,
        isListed: users.some(({ id }) => id === created.id),
        after,
      }
    }),
  )
  await forget(
    scene,
    found.map(({ id }) => id),
  )
  for (const [i, { states, patch }] of changes.entries()) {
    const { created, isListed, after } = found[i] ?? {}
    const wrong = differenceOf(states, created) ?? differenceOf(mergePatch(states, patch), after)
    if (wrong) tally.lost(WHAT, wrong)
    if (!isListed) tally.lost(WHAT, `a user is not listed by ${JSON.stringify(states)}`)
  }
  tally.tried(WHAT, changes.length)
}
