import { equal } from 'node:assert/strict'
import { casesOf } from './case.ts'
import { refuses, rejects, thrownBy } from './checks.ts'
import { atOnce, newId } from './samples.ts'

export const locks = casesOf('withUserLock', {
  'runs one at a time for a user, and gives what work gives': async ({ store, person }) => {
    const { id } = await person()
    let working = 0
    const outcomes = await atOnce(6, (i) =>
      store.withUserLock(id, async () => {
        const alone = working++ === 0
        /* Long enough for another one to come in. */
        await store.getUser(id)
        working--
        return alone ? i : 'not alone'
      }),
    )
    equal(outcomes.join(), '0,1,2,3,4,5')
  },

  'is USER_LOCKED after waitMs, and does not run then': async ({ store, person }) => {
    const [{ id }, other] = [await person(), await person()]
    let ran = false
    const work = async () => {
      ran = true
    }
    const patient = await store.withUserLock(id, async () => {
      await rejects(store.withUserLock(id, work, { waitMs: 0 }), 'USER_LOCKED')
      await rejects(store.withUserLock(id, work, { waitMs: 50 }), 'USER_LOCKED')
      equal(await store.withUserLock(other.id, async () => 'another’s', { waitMs: 0 }), 'another’s')
      return { waiting: store.withUserLock(id, async () => 'waited') }
    })
    equal(await patient.waiting, 'waited')
    equal(ran, false)
  },

  'is free after an error, which comes back as it was': async ({ store, person }) => {
    const { id } = await person()
    const own = new Error('of the caller’s own')
    equal(await thrownBy(store.withUserLock(id, () => Promise.reject(own))), own)
    equal(await store.withUserLock(id, async () => 'free', { waitMs: 0 }), 'free')
  },

  'is for users who are there, and refuses what is wrong': async ({ store, person }) => {
    const { id } = await person()
    const nothing = async () => {}
    await rejects(store.withUserLock(newId(), nothing), 'USER_NOT_FOUND')
    await refuses(store.withUserLock(id, nothing, { waitMs: -1 }), 'waitMs')
    await refuses(store.withUserLock(id, nothing, { leaseMs: 0 }), 'leaseMs')
  },
})
