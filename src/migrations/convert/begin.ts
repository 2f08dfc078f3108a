import type { Retention } from '../../config.ts'
import { attempt, deadlineIn } from '../../db/attempt.ts'
import type { Database } from '../../db/database.ts'
import { messageCollections } from '../../messages/copies.ts'
import { ageIndex, creationOptions } from '../../messages/retention.ts'
import { messages } from '../../messages/schema.ts'
import type { ConversionMeta } from '../../meta.ts'
import { createCollection } from '../collections.ts'
import { ORDER, ORDER_INDEX } from './copy.ts'
import { type Follower, follow, isHistoryLost } from './follow.ts'
import { createJob, type Given, type Job } from './job.ts'
import { tidy } from './leftovers.ts'
import type { Plan } from './plan.ts'

/** Goes on with what an earlier run left, or begins anew. */
export async function start(given: Given, plan: Plan): Promise<Job> {
  const { database, lease } = given
  const resumed = plan.action === 'resume' && plan.left && (await resume(given, plan.left))
  if (resumed) return resumed
  await tidy(database, lease)
  return following(database, undefined, async (follower) => {
    const job = await createJob(given, follower, emptyConversion(plan.to, follower))
    await createCopy(job)
    await createOrder(database)
    return job
  })
}

/** Whoever cannot begin follows no longer. */
async function following(
  database: Database,
  token: ConversionMeta['token'] | undefined,
  begin: (follower: Follower) => Promise<Job>,
): Promise<Job> {
  const follower = await follow(database, token)
  try {
    return await begin(follower)
  } catch (error) {
    await follower.close().catch(() => {})
    throw error
  }
}

/** Undefined if the earlier run is so long ago that the changes since are lost. */
async function resume(given: Given, left: ConversionMeta): Promise<Job | undefined> {
  const { database } = given
  try {
    return await following(database, left.token, async (follower) => {
      const job = await createJob(given, follower, left)
      await job.takeCopy()
      await createOrder(database)
      return job
    })
  } catch (error) {
    if (isHistoryLost(error)) return undefined
    throw error
  }
}

const emptyConversion = (to: Retention, follower: Follower): Omit<ConversionMeta, 'run'> => ({
  _id: 'conversion',
  to,
  startedAt: new Date(),
  token: follower.token(),
  copied: 0,
})

/** Building an index takes as long as it takes; the server goes on with it when the connection is lost. */
const LONGEST_BUILD_MS = 24 * 60 * 60 * 1000

async function createCopy(job: Job): Promise<void> {
  const { database, copy } = job
  const { to } = job.state
  const age = to.kind === 'rolling' && to.maxAgeMs ? [ageIndex(to.maxAgeMs)] : []
  const model = { ...messages, indexes: [...messages.indexes, ...age] }
  await createCollection(database, model, creationOptions(to), copy)
  const { copies } = await messageCollections(database)
  const uuid = copies.find(({ name }) => name === copy)?.uuid
  await job.save({ ...(uuid && { uuid }) })
}

/** The index that the messages are copied by. It goes with the old collection. */
const createOrder = (database: Database) =>
  attempt(deadlineIn(LONGEST_BUILD_MS), 'write', () =>
    database.collection(messages).createIndex(ORDER, { name: ORDER_INDEX }),
  )
