import { expect, test } from '@jest/globals'
import { ObjectId } from '../../src/ids.ts'
import { command } from '../migrations/command.ts'
import { makeScene } from './support/scene.ts'

interface Meta {
  _id: string
  [field: string]: unknown
}

test('the copy of a conversion that nobody goes on with is told, with what to run', async () => {
  const { db, dbName, look, fix } = await makeScene()
  const meta = db.collection<Meta>('dialogue_meta')
  const to = { kind: 'rolling', maxPerUser: 5 }
  await db.createCollection('dialogue_messages_converting_x')
  await meta.insertOne({ _id: 'conversion', to, startedAt: new Date(), copied: 0, token: {}, run: 1 })
  const found = (limits: string) => ({
    ...{ kind: 'conversion-left', collection: 'messages', id: 'messages_converting_x' },
    detail: `run npx dialogue-store convert-retention --to ${limits} --db ${dbName}`,
  })
  await meta.insertOne({ _id: 'lease', owner: new ObjectId(), until: new Date(Date.now() + 60_000) })
  expect(await look()).toEqual([])
  await meta.deleteOne({ _id: 'lease' })
  expect(await look()).toEqual([found('rolling --max-per-user 5')])
  expect(await fix()).toEqual([{ ...found('rolling --max-per-user 5'), repaired: false }])

  /* What a copying command has created that came late. */
  await meta.deleteOne({ _id: 'conversion' })
  const { detail, ...rest } = found('capped')
  expect(await look()).toEqual([{ ...rest, detail }])
  await command(detail.split(' ').slice(3))
  expect(await look()).toEqual([])
})
