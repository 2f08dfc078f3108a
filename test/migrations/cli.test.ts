import { expect, test } from '@jest/globals'
import type mongoose from 'mongoose'
import { MODELS } from '../../src/migrations/baseline.ts'
import { MIGRATIONS } from '../../src/migrations/run.ts'
import { makeUser } from '../support/make.ts'
import { makeDatabase, makeStore } from '../support/store.ts'
import { command } from './command.ts'

const ALL = MIGRATIONS.map(({ name }) => name)
const longest = Math.max(...ALL.map(({ length }) => length))
const lines = (line: (name: string) => string) => ALL.map((name) => `${line(name)}\n`).join('')

const collectionsOf = async (db: mongoose.mongo.Db): Promise<string[]> =>
  (await db.listCollections().toArray()).map(({ name }) => name).sort()

test('goes up, tells its status, and goes down again', async () => {
  const { db, dbName } = await makeDatabase()
  const on = ['--db', dbName]

  const [status, dry] = await Promise.all([command(['status', ...on]), command(['up', ...on, '--dry-run'])])
  expect(status).toMatchObject({
    code: 0,
    stdout: lines((name) => `${name.padEnd(longest)}  pending`),
    stderr: '',
  })
  expect(dry).toMatchObject({ code: 0, stdout: lines((name) => `would apply ${name}`) })
  expect(await collectionsOf(db)).toEqual([])

  expect(await command(['up', ...on])).toMatchObject({
    ...{ code: 0, stdout: lines((name) => `applied ${name}`), stderr: '' },
  })
  const collections = ['meta', ...MODELS.map(({ collection }) => collection)]
  expect(await collectionsOf(db)).toEqual(collections.map((name) => `dialogue_${name}`).sort())

  const store = await makeStore({ dbName, migrate: 'check' })
  const { id } = await makeUser(store)
  const [again, applied, unsure, foreseen] = await Promise.all([
    command(['up', ...on]),
    command(['status', ...on, '--json']),
    command(['down', ...on]),
    command(['down', ...on, '--dry-run', '--json']),
  ])
  expect(again).toMatchObject({ code: 0, stdout: 'Nothing to do.\n' })
  expect(JSON.parse(applied.stdout)).toEqual({
    migrations: ALL.map((name) => ({
      ...{ name, state: 'applied', at: expect.stringMatching(/^\d{4}-.*Z$/) },
    })),
    retention: { kind: 'capped', sizeBytes: 2 ** 30 },
    conversion: null,
  })
  expect(unsure).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') })
  expect(JSON.parse(foreseen.stdout)).toEqual({ dryRun: true, reverted: ALL.slice(-1) })
  expect(await store.getUser(id)).toMatchObject({ id })
})

test('takes everything down but its empty bookkeeping, one migration after the other, and nothing of another prefix', async () => {
  const { db, dbName } = await makeDatabase()
  const bystander = await makeStore({ dbName, prefix: 'other_' })
  const { id } = await makeUser(bystander)
  const others = await collectionsOf(db)
  await makeStore({ dbName })
  for (const name of ALL.toReversed()) {
    const ended = await command(['down', '--db', dbName, '--yes'])
    expect(ended).toMatchObject({ code: 0, stdout: `reverted ${name}\n` })
  }
  expect(await collectionsOf(db)).toEqual(['dialogue_meta', ...others])
  expect(await db.collection('dialogue_meta').countDocuments()).toBe(0)
  expect(await bystander.getUser(id)).toMatchObject({ id })
})

test('tells wrong usage by exit code 2, in a sentence', async () => {
  const wrong = [
    { args: ['status'], says: "'--uri <uri>' not specified" },
    { args: ['convert-retention', '--to', 'eternal'], says: 'capped, rolling' },
    { args: ['convert-retention', '--to', 'rolling', '--size-bytes', '4096'], says: '--size-bytes' },
    { args: ['convert-retention', '--to', 'rolling', '--max-per-user', 'many'], says: '--max-per-user' },
  ]
  await Promise.all(
    wrong.map(async ({ args, says }) => {
      const ended = await command(args, args.length === 1 ? { MONGODB_URI: undefined } : {})
      expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(says) })
      expect(ended.stderr).not.toMatch(/^ +at /m)
    }),
  )
})

test('never shows the password of the URI', async () => {
  const uri = new URL(process.env.MONGODB_URI ?? '')
  uri.username = 'bot'
  uri.password = 'hunter2'
  const [refused, malformed, help] = await Promise.all([
    command(['status', '--uri', uri.href, '--json']),
    command(['status', '--uri', 'mongodb://bot:hunter2@:no']),
    command(['status', '--help'], { MONGODB_URI: uri.href }),
  ])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('credentials') })
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'UNAVAILABLE' } })
  expect(malformed).toMatchObject({ code: 2, stderr: expect.stringContaining('--uri') })
  expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('MONGODB_URI') })
  for (const { stdout, stderr } of [refused, malformed, help])
    expect(stdout + stderr).not.toContain('hunter2')
})
