import { attempt } from '../db/attempt.ts'
import type { Database } from '../db/database.ts'
import { seenKey } from '../messages/claim.ts'
import { type MessageDocument, messages, SEEN_SECONDS, type SeenDocument, seen } from '../messages/schema.ts'
import { BATCH, type Finding, type Found, IN_PARTS, type Scan, tell } from './finding.ts'

const FIELDS = { userId: 1, conversationId: 1, externalId: 1, createdAt: 1, updatedAt: 1 } as const
type Named = Pick<MessageDocument, '_id' | keyof typeof FIELDS>

const NAMED = { externalId: { $gte: '' }, userId: { $type: 'objectId' } } as const

/** For so long a delivery that comes again stores once. */
const REMEMBERED_MS = SEEN_SECONDS * 1000

/** When a message got its external id, at the latest. */
const namedAt = ({ createdAt, updatedAt }: Named): number => Number(updatedAt ?? createdAt)
const isNear = (a: number, b: number): boolean => Math.abs(a - b) < REMEMBERED_MS

/** One delivery stored as two messages. Which of them is the right one, nobody but the bot's owner can say. */
export async function* checkExternalIds(scan: Scan): AsyncGenerator<Finding> {
  const { database, progress } = scan
  progress.begin('external ids', await database.collection(messages).countDocuments(NAMED))
  for await (const batch of batches(database)) {
    scan.signal?.throwIfAborted()
    progress.looked(batch.length)
    if ((await judge(database, batch)).length === 0) continue
    const again = await attempt(database.deadline(), 'read', (terms) =>
      database
        .collection(messages)
        .find<Named>({ _id: { $in: batch.map(({ _id }) => _id) } }, { projection: FIELDS, ...terms })
        .sort({ _id: 1 })
        .toArray(),
    )
    yield* tell(scan, await judge(database, again))
  }
}

/** Messages with an external id, in the order of their index: those of a user with the same one are neighbours. */
async function* batches(database: Database): AsyncGenerator<Named[]> {
  const cursor = database
    .collection(messages)
    .find<Named>(NAMED, { projection: FIELDS, allowDiskUse: true, ...IN_PARTS })
    .sort({ userId: 1, externalId: 1 })
  let batch: Named[] = []
  for await (const message of cursor) {
    const last = batch.at(-1)
    const isNext = last && !(last.userId.equals(message.userId) && last.externalId === message.externalId)
    if (isNext && batch.length >= BATCH) {
      yield batch
      batch = []
    }
    batch.push(message)
  }
  if (batch.length > 0) yield batch
}

async function judge(database: Database, batch: Named[]): Promise<Found[]> {
  const byKey = new Map<string, Named[]>()
  for (const message of batch) {
    const key = seenKey(message)
    byKey.set(key, [...(byKey.get(key) ?? []), message])
  }
  const claims = await attempt(database.deadline(), 'read', (terms) =>
    database
      .collection(seen)
      .find({ _id: { $in: [...byKey.keys()] } }, terms)
      .toArray(),
  )
  const claimed = new Map(claims.map((claim) => [claim._id, claim]))
  return [...byKey].flatMap(([key, all]) => [...stolen(all, claimed.get(key)), ...repeated(all)])
}

/** Those that came while a message with their external id was remembered. */
const repeated = (all: Named[]): Found[] => {
  const inOrder = all.toSorted((a, b) => namedAt(a) - namedAt(b))
  return inOrder.flatMap((message, index) => {
    const first = inOrder.slice(0, index).find((other) => isNear(namedAt(other), namedAt(message)))
    return first ? [toFound('message-twice', message, `the same as ${first._id.toHexString()}`)] : []
  })
}

const stolen = (all: Named[], claim: SeenDocument | undefined): Found[] => {
  if (!claim || all.some(({ _id }) => _id.equals(claim.messageId))) return []
  return all
    .filter((message) => isNear(namedAt(message), Number(claim.createdAt)))
    .map((message) => toFound('claim-mismatch', message, `claimed for ${claim.messageId.toHexString()}`))
}

const toFound = (kind: Found['kind'], { _id }: Named, detail: string): Found => ({
  kind,
  collection: messages.collection,
  id: _id.toHexString(),
  detail,
})
