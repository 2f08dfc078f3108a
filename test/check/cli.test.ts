import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { command } from '../migrations/command.ts'
import { makeMessages, makeUser } from '../support/make.ts'
import { makeDatabase } from '../support/store.ts'
import { makeScene, message } from './support/scene.ts'

test('says that nothing is wrong', async () => {
  const { dbName } = await makeScene()
  const ended = await command(['check', '--db', dbName])
  expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('Checking: ') })
  expect(ended.stdout).toMatch(/^Nothing is wrong\. \d+ documents were looked at\.\n$/)
})

test('groups what it finds, repairs what is safe, and leaves the rest', async () => {
  let user = ''
  let first = ''
  const scene = await makeScene(async (store) => {
    user = (await makeUser(store)).id
    first = (await makeMessages(store, user, 1, { externalId: 'secret' }))[0]?.id ?? ''
  })
  const nobody = new ObjectId()
  const orphans = Array.from({ length: 12 }, () => ({ _id: new ObjectId(), ...message(nobody) }))
  await scene.db.collection('dialogue_messages').insertMany(orphans)
  await scene.raw('users').set(new ObjectId(user), { version: -1 })
  const twice = { externalId: 'secret', createdAt: new Date() }
  const second = await scene.raw('messages').insert(message(new ObjectId(user), twice))

  const on = ['check', '--db', scene.dbName]
  const found = await command(on)
  expect(found.code).toBe(1)
  expect(found.stdout).toContain('messages: orphans, whose user is gone: 12\n')
  expect(found.stdout).toContain(`${orphans[5]?._id} (of user ${nobody}), `)
  expect(found.stdout).toContain(' and 2 more\n')
  expect(found.stdout).toContain(`users: broken counters: 1\n  ${user} (version)\n`)
  expect(found.stdout).toContain(`: 1\n  ${second} (the same as ${first})\n`)
  expect(found.stdout).toMatch(/14 things are wrong\. \d+ documents were looked at\. .*--fix\.\n$/)

  const fixed = await command([...on, '--fix', '--json'])
  expect(fixed.code).toBe(1)
  const { findings, ...summary } = JSON.parse(fixed.stdout)
  expect(summary).toEqual({ fix: true, documents: expect.any(Number), found: 14, left: 1 })
  expect(findings).toMatchObject([
    { kind: 'orphan', collection: 'messages', found: 12, repaired: 12 },
    { kind: 'counter-broken', collection: 'users', found: 1, repaired: 1 },
    { kind: 'message-twice', found: 1, repaired: 0, examples: [{ id: second.toHexString() }] },
  ])
  expect(findings[0].examples).toHaveLength(10)

  await scene.db.collection('dialogue_messages').deleteOne({ _id: second })
  expect(await command([...on, '--fix'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Nothing/),
  })
  for (const { stdout, stderr } of [found, fixed]) expect(stdout + stderr).not.toContain('secret')
})

test('tells by exit code 2 that it could not check', async () => {
  const { dbName } = await makeDatabase()
  const uri = new URL(process.env.MONGODB_URI ?? '')
  uri.username = 'bot'
  uri.password = 'hunter2'
  const [pending, refused, wrong, help] = await Promise.all([
    command(['check', '--db', dbName, '--json']),
    command(['check', '--uri', uri.href]),
    command(['check', '--repair']),
    command(['check', '--help']),
  ])
  expect(pending).toMatchObject({ code: 2, stderr: expect.stringContaining('npx dialogue-store up') })
  expect(JSON.parse(pending.stdout)).toMatchObject({ error: { code: 'MIGRATION_PENDING' } })
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('credentials') })
  expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--repair') })
  expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/--fix[\s\S]*Exit codes/) })
  for (const { stdout, stderr } of [refused, help]) expect(stdout + stderr).not.toContain('hunter2')
})
