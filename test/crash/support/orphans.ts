import type mongoose from 'mongoose'

/** Documents whose user is not there, or was erased: by collection, their ids. None is as it should be. */
export async function findOrphans(db: mongoose.mongo.Db): Promise<Record<string, string[]>> {
  const users = db.collection('dialogue_users')
  const alive = await users.find({ erasedAt: { $exists: false } }, { projection: { _id: 1 } }).toArray()
  const known = new Set(alive.map(({ _id }) => _id.toHexString()))
  const orphans: Record<string, string[]> = {}
  const look = async (name: string, userOf: (document: mongoose.mongo.Document) => string | undefined) => {
    const documents = await db.collection(`dialogue_${name}`).find().toArray()
    const found = documents.filter((document) => {
      const user = userOf(document)
      return user !== undefined && !known.has(user)
    })
    if (found.length > 0) orphans[name] = found.map(({ _id }) => String(_id))
  }
  await look('messages', ({ userId }) => userId.toHexString())
  await look('contexts', ({ userId }) => userId.toHexString())
  await look('events', ({ creatorId }) => creatorId.toHexString())
  /* What is settled holds nothing of anybody, and waits for its time. */
  await look('journal', ({ userId, settled }) => (settled ? undefined : userId.toHexString()))
  await look('seen', ({ _id }) => (_id.startsWith('flight:') ? undefined : _id.slice(0, 24)))
  return orphans
}
