import { deepEqual, equal, ok } from 'node:assert/strict'
import type { CalendarEvent } from '../../index.ts'
import { casesOf, type Scene } from './case.ts'
import { refuses, rejects } from './checks.ts'
import { after, appointment, at, DAY_MS, HOUR_MS, newId, someDay, untyped, upTo } from './samples.ts'

const summaries = (events: CalendarEvent[]): string[] => events.map(({ summary }) => summary)

/** Appointments of one day, named by their hours: `8-9`. */
async function makeDay({ store, person }: Scene, hours: [number, number][]) {
  const day = someDay()
  const hour = (of: number) => after(day, of * HOUR_MS)
  const { id: creatorId } = await person()
  const stored: CalendarEvent[] = []
  for (const [from, to] of hours) {
    const fields = { end: hour(to), summary: `${from}-${to}` }
    stored.push(await appointment(store, creatorId, hour(from), fields))
  }
  return { creatorId, hour, stored, whole: { from: day, to: after(day, DAY_MS) } }
}

export const eventLists = casesOf('retrieveEvents', {
  'gives what overlaps [from, to), by start': async (scene) => {
    const { creatorId, hour } = await makeDay(scene, [
      ...([
        [12, 13],
        [8, 9],
        [8.5, 12.5],
        [10, 11],
        [9, 9.5],
        [11, 12],
      ] as [number, number][]),
    ])
    const read = async (filter: object) => {
      const { events, ...page } = await scene.store.retrieveEvents({ creatorId, ...filter })
      deepEqual(page, { count: events.length, countIsExact: true, nextCursor: null })
      return summaries(events)
    }
    deepEqual(await read({ from: hour(9), to: hour(11) }), ['8.5-12.5', '9-9.5', '10-11'])
    deepEqual(await read({ to: hour(9) }), ['8-9', '8.5-12.5'])
    deepEqual(await read({ from: hour(12.5) }), ['12-13'])
    equal((await read({})).length, 6)
  },

  'leaves cancelled ones out, unless asked for': async (scene) => {
    const { creatorId, stored, whole } = await makeDay(scene, [
      [9, 10],
      [10, 11],
    ])
    await scene.store.cancelEvent(at(stored, 1).id)
    const read = async (filter: object) => {
      const { events, count } = await scene.store.retrieveEvents({ creatorId, ...filter })
      equal(count, events.length)
      return summaries(events)
    }
    deepEqual(await read({}), ['9-10'])
    deepEqual(await read(whole), ['9-10'])
    deepEqual(await read({ status: 'cancelled' }), ['10-11'])
    deepEqual(await read({ status: ['cancelled', 'confirmed'] }), ['9-10', '10-11'])
  },

  'pages through equal starts, each event once': async (scene) => {
    const { creatorId, stored } = await makeDay(
      scene,
      upTo(9).map((i) => [i < 6 ? 9 : 8, 10]),
    )
    const expected = stored.toSorted((a, b) => +a.start - +b.start || (a.id < b.id ? -1 : 1))
    for (const [limit, pages] of [
      [4, 3],
      [3, 3],
    ] as const) {
      const seen: CalendarEvent[][] = []
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<typeof scene.store.retrieveEvents>> = await scene.store.retrieveEvents(
          {
            ...{ creatorId, limit, cursor },
          },
        )
        equal(page.count, 9)
        seen.push(page.events)
        cursor = page.nextCursor
      } while (cursor !== null && seen.length < 6)
      equal(seen.length, pages)
      deepEqual(seen.flat(), expected)
    }
  },

  'gives everybody’s events, with their creators when asked': async (scene) => {
    const { store, person } = scene
    const { creatorId, hour, stored, whole } = await makeDay(scene, [[9, 10]])
    const other = await person({ name: 'Bia', locale: 'pt-BR' })
    const theirs = await appointment(store, other.id, hour(8))
    const { events, count } = await store.retrieveEvents(whole)
    deepEqual(events, [theirs, ...stored])
    equal(count, 2)
    const { events: withCreators } = await store.retrieveEvents({ ...whole, withCreator: true })
    const creator = await store.getUser(creatorId)
    deepEqual(withCreators, [
      { ...theirs, creator: other },
      { ...at(stored, 0), creator },
    ])
  },

  'does not expand recurrences': async ({ store, person }) => {
    const day = someDay()
    const { id: creatorId } = await person()
    await appointment(store, creatorId, day, { recurrence: ['RRULE:FREQ=DAILY'] })
    const tomorrow = { from: after(day, DAY_MS), to: after(day, 2 * DAY_MS) }
    deepEqual((await store.retrieveEvents({ creatorId, ...tomorrow })).events, [])
    equal((await store.retrieveEvents({ creatorId, from: day })).events.length, 1)
  },

  'refuses what is wrong, and knows nobody’s': async ({ store, person }) => {
    const { id: creatorId } = await person()
    const day = someDay()
    const wrong: [object, string][] = [
      [{ from: after(day, 1), to: day }, 'to'],
      [{ creatorId: { $exists: true } }, 'creatorId'],
      [{ from: { $gt: 0 } }, 'from'],
      [{ status: 'tentative' }, 'status'],
      [{ limit: 0 }, 'limit'],
      [{ limit: 1001 }, 'limit'],
      [{ cursor: 'no cursor' }, 'cursor'],
      [{ summary: 'x' }, 'summary'],
    ]
    for (const [filter, place] of wrong)
      await refuses(store.retrieveEvents(untyped({ creatorId, ...filter })), place)
    await rejects(store.retrieveEvents({ creatorId: newId() }), 'USER_NOT_FOUND')
    const { events, nextCursor } = await store.retrieveEvents({ creatorId })
    ok(events.length === 0 && nextCursor === null)
  },
})
