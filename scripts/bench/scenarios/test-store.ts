import { randomBytes } from 'node:crypto'
import mongoose from 'mongoose'
import { openTestStore } from '../../../src/testing/index.ts'
import { estimate, ratio } from '../measure/statistics.ts'
import type { Claim, Outcome } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

/** Something that a test opens, and closes when it is over. */
type Open = () => Promise<{ close(): Promise<void> }>

interface Times {
  /** In ms. */
  open: number[]
  /** Opening and closing, in ms. */
  both: number[]
}

const newName = (): string => `bench-${randomBytes(6).toString('hex')}`

/** Of each collection of a store's database, how many indexes it has besides that of ids. */
async function countIndexes(uri: string): Promise<number[]> {
  const dbName = newName()
  const store = await openTestStore({ dbName })
  const connection = await mongoose.createConnection(uri, { dbName }).asPromise()
  const collections = (await connection.listCollections()).map(({ name }) => connection.collection(name))
  const indexes = await Promise.all(collections.map((collection) => collection.indexes()))
  await store.close()
  await connection.dropDatabase()
  await connection.close()
  return indexes.map(({ length }) => length - 1)
}

/** What the documentation of Mongoose shows, with as many collections and indexes. */
const openMongoose =
  (uri: string, indexes: number[]): Open =>
  async () => {
    const connection = mongoose.createConnection(uri, { dbName: newName() })
    const models = indexes.map((count, i) => {
      const fields = Array.from({ length: count }, (_, index) => [
        `field${index}`,
        { type: String, index: true },
      ])
      return connection.model(`Model${i}`, new mongoose.Schema(Object.fromEntries(fields)))
    })
    await Promise.all(models.map((model) => model.init()))
    const close = async () => {
      await connection.dropDatabase()
      await connection.close()
    }
    return { close }
  }

async function measure(open: Open, { open: opening, both }: Times): Promise<void> {
  const start = performance.now()
  const { close } = await open()
  opening.push(performance.now() - start)
  await close()
  both.push(performance.now() - start)
}

/** In turns, after one that warms up. The server runs already. */
async function begin({ uri, rounds }: Stage): Promise<Outcome[]> {
  const rival = openMongoose(uri, await countIndexes(uri))
  const [ours, theirs]: [Times, Times] = [
    { open: [], both: [] },
    { open: [], both: [] },
  ]
  for (let round = 0; round <= rounds; round++) {
    const turns = [() => measure(openTestStore, ours), () => measure(rival, theirs)]
    for (const turn of round % 2 ? turns : turns.reverse()) await turn()
  }
  const claimsOf = (what: string, times: keyof Times): Claim[] => {
    const [own, others] = [ours[times].slice(1), theirs[times].slice(1)]
    return [
      { text: `openTestStore, ${what}`, value: estimate(own), unit: 'ms' },
      { text: `Mongoose, ${what}`, value: estimate(others), unit: 'ms' },
      { text: `as long as Mongoose, ${what}`, value: ratio(own, others), unit: '×' },
    ]
  }
  return [
    {
      title: 'A database of its own for a test, on a server that runs already',
      rows: [],
      claims: [...claimsOf('open', 'open'), ...claimsOf('open and close', 'both')],
      notes: ['Mongoose makes as many collections and indexes, and drops its database at the end, too.'],
    },
  ]
}

export const testStore: Scenario = {
  name: 'test-store',
  about: 'opening and closing the store of a test',
  run: begin,
}
