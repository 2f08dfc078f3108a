import { expect, test } from '@jest/globals'
import type { Retention } from '../../src/index.ts'
import { makeUser, rejection } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { command } from './command.ts'

const ROLLING = { kind: 'rolling', maxAgeMs: 600_000, maxPerUser: 50 } as const

/** What stands behind `npx dialogue-store` in a text. */
const namedIn = (text: string): string => /npx dialogue-store (.*)/.exec(text)?.[1] ?? ''

const unfinished = (to: Retention) => ({ to, startedAt: new Date(), copied: 0, token: {}, run: 1 })

test('MIGRATION_PENDING names the command that migrates this database under this prefix', async () => {
  const { db, dbName } = await makeDatabase()
  const mine = { dbName, prefix: 'my_', migrate: 'check' } as const
  const { message } = await rejection(makeStore(mine), 'MIGRATION_PENDING')
  expect(namedIn(message)).toBe(`up --db ${dbName} --prefix my_`)
  expect(await command(namedIn(message).split(' '))).toMatchObject({ code: 0, stderr: '' })
  await makeUser(await makeStore(mine))
  const names = (await db.listCollections().toArray()).map(({ name }) => name)
  expect(names.filter((name) => !name.startsWith('my_'))).toEqual([])
})

test('the usual prefix is not named', async () => {
  const { dbName } = await makeDatabase()
  const { message } = await rejection(makeStore({ dbName, migrate: 'check' }), 'MIGRATION_PENDING')
  expect(namedIn(message)).toBe(`up --db ${dbName}`)
})

test('a database is named as a shell takes it', async () => {
  const dbName = `test-${process.pid}-it's(here)`
  const { message } = await rejection(makeStore({ dbName, migrate: 'check' }), 'MIGRATION_PENDING')
  expect(namedIn(message)).toBe(String.raw`up --db 'test-${process.pid}-it'\''s(here)'`)
})

test('RETENTION_MISMATCH names the command that converts to what was asked for, limits included', async () => {
  const { dbName } = await makeDatabase()
  const mine = { dbName, prefix: 'my_' }
  await makeStore({ ...mine, retention: { kind: 'capped', sizeBytes: 2 ** 20 } })
  const { message } = await rejection(makeStore({ ...mine, retention: ROLLING }), 'RETENTION_MISMATCH')
  expect(namedIn(message)).toBe(
    `convert-retention --to rolling --max-age-ms 600000 --max-per-user 50 --db ${dbName} --prefix my_`,
  )
  expect((await command(namedIn(message).split(' '))).code).toBe(0)
  const store = await makeStore({ ...mine, retention: ROLLING })
  expect((await store.stats()).messages.retention).toEqual(ROLLING)
})

test('a dry run refuses what the run would refuse, and drops nothing', async () => {
  const { db, dbName } = await makeDatabase()
  await makeStore({ dbName })
  const meta = db.collection<{ _id: string }>('dialogue_meta')
  await meta.insertOne({ _id: 'conversion', ...unfinished(ROLLING) })
  const args = ['convert-retention', '--to', 'capped', '--db', dbName]
  const said = (dropped: string) =>
    `dialogue-store: The messages are kept capped already. An unfinished conversion to rolling ${dropped}.\n`
  expect(await command([...args, '--dry-run'])).toEqual({
    ...{ code: 1, stdout: '', stderr: said('would be dropped') },
  })
  expect(await meta.countDocuments({ _id: 'conversion' })).toBe(1)
  expect(await command(args)).toEqual({ code: 1, stdout: '', stderr: said('was dropped') })
  expect(await meta.countDocuments({ _id: 'conversion' })).toBe(0)
})

test('the status names the command that an unfinished conversion goes on with', async () => {
  const { db, dbName } = await makeDatabase()
  await makeStore({ dbName, prefix: 'my_' })
  const meta = db.collection<{ _id: string }>('my_meta')
  await meta.insertOne({ _id: 'conversion', ...unfinished(ROLLING) })
  const { stdout } = await command(['status', '--db', dbName, '--prefix', 'my_'])
  expect(namedIn(stdout)).toBe(
    `convert-retention --to rolling --max-age-ms 600000 --max-per-user 50 --db ${dbName} --prefix my_`,
  )
})
