import type mongoose from 'mongoose'
import type { ModelDefinition } from '../../../src/db/definition.ts'
import { MODELS } from '../../../src/migrations/baseline.ts'
import { users } from '../../../src/users/schema.ts'

/** Documents whose user is not there, or was erased: by collection, their ids. None is as it should be. */
export async function findOrphans(db: mongoose.mongo.Db): Promise<Record<string, string[]>> {
  const read = ({ collection }: ModelDefinition, filter = {}) =>
    db.collection(`dialogue_${collection}`).find(filter).toArray()
  const alive = await read(users, { erasedAt: { $exists: false } })
  const known = new Set(alive.map(({ _id }) => _id.toHexString()))
  const orphans: Record<string, string[]> = {}
  for (const model of MODELS.filter((one) => one !== users)) {
    /* An entry that is settled holds nothing of anybody, and waits for its time. */
    const found = (await read(model, { settled: { $ne: true } })).filter((document) => {
      const user = userIn(model, document)
      return user !== undefined && !known.has(user)
    })
    if (found.length > 0) orphans[model.collection] = found.map(({ _id }) => String(_id))
  }
  return orphans
}

const userIn = ({ owner }: ModelDefinition, document: mongoose.mongo.Document): string | undefined =>
  owner === 'prefix' ? /^([0-9a-f]{24}):/.exec(document._id)?.[1] : document[owner]?.toHexString()
