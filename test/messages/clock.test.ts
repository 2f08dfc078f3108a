import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import mongoose from 'mongoose'
import { BACKGROUND, type Fate, startProxy } from '../../scripts/torture/rig/proxy.ts'
import { deadlineIn } from '../../src/db/attempt.ts'
import { createDatabase } from '../../src/db/database.ts'
import { createClock } from '../../src/messages/clock.ts'
import { testServer } from '../../src/testing/index.ts'
import { makeDatabase } from '../support/store.ts'

test('who shares a question that another asked waits as long as their own time allows', async () => {
  const { uri } = await testServer()
  const { dbName } = await makeDatabase()
  const isOurs = (message: Buffer) => message.includes(dbName)
  const proxy = await startProxy(Number(/:(\d+)/.exec(uri)?.[1]), (command, message) =>
    command === 'hello' ? !isOurs(message) : BACKGROUND.includes(command),
  )
  const connection = await mongoose.createConnection(proxy.uri, { dbName }).asPromise()
  const clock = createClock(createDatabase(connection, 'dialogue_', 30_000))
  proxy.judgeBy(async (): Promise<Fate> => {
    await pause(1500)
    return 'arrives'
  })
  const told = (ms: number) =>
    clock.ask(deadlineIn(ms)).then(
      () => 'answered',
      ({ code }) => code,
    )
  const first = told(1000)
  await pause(100)
  expect(await Promise.all([first, told(1200), told(20_000)])).toEqual(['TIMEOUT', 'TIMEOUT', 'answered'])
  await connection.close()
  proxy.stop()
})
