import { describe, expect, test } from '@jest/globals'
import type { OnConflict } from '../../src/google-calendar.ts'
import { makeWorld, published, type World } from './support/world.ts'

type Ways = 'push' | 'pull'

/** Published, and known to be: then both sides change it. */
async function bothChange(world: World, ours: object, theirs: object): Promise<string> {
  const { id } = await world.event({ location: 'Rua A' })
  await world.sync().push()
  await world.sync().pull('primary')
  world.people.change(id, theirs)
  await world.store.updateEvent(id, ours)
  return id
}

/** Whichever way notices it first. @returns how many conflicts the push told of */
async function meet(world: World, first: Ways, onConflict?: OnConflict): Promise<number> {
  const sync = world.sync(onConflict ? { onConflict } : {})
  if (first === 'pull') await sync.pull('primary')
  const { conflicts } = await sync.push()
  await sync.pull('primary')
  expect(await sync.push()).toMatchObject({ pushed: 0, updated: 0, removed: 0, conflicts: 0 })
  return conflicts
}

/** Both have the same by now. */
async function agreed({ store, people }: World, id: string) {
  const event = await store.getEvent(id)
  const there = people.events().find((one) => one.id === id)
  expect(event.calendarSync.state).toBe('synced')
  expect(there?.status).toBe(event.status)
  if (event.status === 'confirmed')
    expect(there).toMatchObject({ summary: event.summary, location: event.location })
  return event
}

describe.each(['push', 'pull'] as const)('both sides changed, and a %s meets it first', (first) => {
  test('different things: both changes stay', async () => {
    const world = await makeWorld()
    const id = await bothChange(world, { summary: 'ours' }, { location: 'theirs' })
    await meet(world, first, 'google')
    expect(await agreed(world, id)).toMatchObject({ summary: 'ours', location: 'theirs' })
    const [log] = await world.sync().conflicts(id)
    expect(log?.taken).toBe('both')
  })

  test.each([
    ['store', 'ours'],
    ['google', 'theirs'],
  ] as const)('the same: %s wins, and what both were is kept', async (onConflict, winner) => {
    const world = await makeWorld()
    const id = await bothChange(world, { summary: 'ours' }, { summary: 'theirs' })
    const conflicts = await meet(world, first, onConflict)
    if (first === 'push') expect(conflicts).toBe(1)
    expect(await agreed(world, id)).toMatchObject({ summary: winner, location: 'Rua A' })
    const [log, ...more] = await world.sync().conflicts(id)
    expect(more).toEqual([])
    expect(JSON.parse(log?.ours ?? '')).toMatchObject({ summary: 'ours' })
    expect(JSON.parse(log?.theirs ?? '')).toMatchObject({ summary: 'theirs' })
  })

  test('the same: by default the later change wins', async () => {
    const world = await makeWorld()
    const id = await bothChange(world, { summary: 'ours, later' }, { summary: 'theirs' })
    await meet(world, first)
    expect(await agreed(world, id)).toMatchObject({ summary: 'ours, later' })
    const other = await bothChange(world, { summary: 'ours' }, {})
    world.server.advance(60_000)
    world.people.change(other, { summary: 'theirs, later' })
    await meet(world, first)
    expect(await agreed(world, other)).toMatchObject({ summary: 'theirs, later' })
  })

  test('a function decides, and sees both', async () => {
    const world = await makeWorld()
    const id = await bothChange(world, { summary: 'ours' }, { summary: 'theirs', location: 'Rua B' })
    await meet(world, first, async (ours, theirs) => ({
      summary: `${ours.summary} and ${theirs.summary}, ${theirs.location}`,
    }))
    expect(await agreed(world, id)).toMatchObject({ summary: 'ours and theirs, Rua B', location: 'Rua B' })
  })

  test.each([
    ['store', 'confirmed', 'ours'],
    ['google', 'cancelled', 'ours'],
  ] as const)('changed here and deleted there: %s', async (onConflict, status, summary) => {
    const world = await makeWorld()
    const { id } = await world.event({ location: 'Rua A' })
    await world.sync().push()
    await world.sync().pull('primary')
    world.people.remove(id)
    await world.store.updateEvent(id, { summary })
    await meet(world, first, onConflict)
    expect(await agreed(world, id)).toMatchObject({ status, summary })
  })

  test.each([
    ['store', 'cancelled'],
    ['google', 'confirmed'],
  ] as const)('cancelled here and changed there: %s', async (onConflict, status) => {
    const world = await makeWorld()
    const { id } = await world.event({ location: 'Rua A' })
    await world.sync().push()
    await world.sync().pull('primary')
    world.people.change(id, { summary: 'theirs' })
    await world.store.cancelEvent(id)
    await meet(world, first, onConflict)
    expect(await agreed(world, id)).toMatchObject({ status })
  })

  test('what is changed here before it is cancelled stays, where Google has it go on', async () => {
    const world = await makeWorld()
    const id = await bothChange(world, { location: 'ours' }, { summary: 'theirs' })
    await world.store.cancelEvent(id)
    await meet(world, first, 'google')
    expect(await agreed(world, id)).toMatchObject({
      ...{ status: 'confirmed', summary: 'theirs', location: 'ours' },
    })
  })

  test('both said the same: no conflict', async () => {
    const world = await makeWorld()
    const id = await bothChange(world, { summary: 'same' }, { summary: 'same' })
    expect(await meet(world, first)).toBe(0)
    expect(await agreed(world, id)).toMatchObject({ summary: 'same' })
    expect(await world.sync().conflicts(id)).toEqual([])
  })
})

test('what was changed there before it was deleted is no secret when it is restored', async () => {
  const world = await makeWorld()
  const { id } = await world.event({ location: 'Rua A' })
  await world.sync().push()
  await world.sync().pull('primary')
  world.people.change(id, { summary: 'theirs' })
  world.people.remove(id)
  await world.store.updateEvent(id, { location: 'ours' })
  await meet(world, 'pull', 'store')
  expect(await agreed(world, id)).toMatchObject({ status: 'confirmed', location: 'ours', summary: 'theirs' })
})

test('what is cancelled on both sides is left alone, whatever is changed of it here', async () => {
  const world = await makeWorld()
  const { id } = await world.event()
  await world.sync().push()
  world.people.remove(id)
  await world.store.updateEvent(id, { summary: 'unsaid' })
  await world.store.cancelEvent(id)
  await meet(world, 'push')
  await world.store.updateEvent(id, { location: 'nowhere' })
  const requests = world.server.requests.length
  await world.sync().push()
  expect(world.server.requests).toHaveLength(requests)
  expect(await agreed(world, id)).toMatchObject({ status: 'cancelled', summary: 'unsaid' })
})

test('what the function throws comes back as it was from a pull, and is tried again by a push', async () => {
  const world = await makeWorld()
  const id = await bothChange(world, { summary: 'ours' }, { summary: 'theirs' })
  const thrown = new Error('mine')
  const onConflict = () => {
    throw thrown
  }
  await expect(world.sync({ onConflict }).pull('primary')).rejects.toBe(thrown)
  await world.hurry()
  expect(await world.sync({ onConflict }).push()).toMatchObject({ updated: 0, failed: 0 })
  await world.hurry()
  await meet(world, 'push', 'store')
  expect(await agreed(world, id)).toMatchObject({ summary: 'ours' })
})

test.each([
  ['what it may not', () => ({ summary: 5 }) as never],
  ['an end before the start', () => ({ end: new Date('2001-01-01') })],
])(
  'a function that gives %s is refused; its event waits, and the others of the calendar do not',
  async (_, onConflict) => {
    const world = await makeWorld()
    const other = await published(world)
    const id = await bothChange(world, { summary: 'ours' }, { summary: 'theirs' })
    world.people.change(other, { location: 'Rua C' })
    const sync = world.sync({ onConflict })
    await expect(sync.pull('primary')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await world.store.getEvent(other)).toMatchObject({ location: 'Rua C' })
    /* It is known how far that was. */
    expect(await sync.pull('primary')).toMatchObject({ applied: 0, fullResync: false })
    await world.hurry()
    await meet(world, 'push', 'google')
    expect(await agreed(world, id)).toMatchObject({ summary: 'theirs' })
  },
)
