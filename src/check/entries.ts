import { attempt } from '../db/attempt.ts'
import { ObjectId } from '../ids.ts'
import { type JournalDocument, journal } from '../messages/entry.ts'
import { OPEN, UNSETTLED } from '../messages/journal.ts'
import {
  ageOf,
  type Finding,
  type Found,
  IN_PARTS,
  inBatches,
  isPast,
  type Kind,
  type Scan,
  tell,
} from './finding.ts'

type Entry = Pick<JournalDocument, '_id' | 'userId' | 'createdAt' | 'parked'>
type FoundEntry = Found & Pick<Entry, '_id' | 'userId'>

const PROJECTION = { userId: 1, createdAt: 1, parked: 1 } as const
const PARKED = { ...UNSETTLED, parked: { $exists: true } } as const
const REST = { settled: true, ...isPast('until') } as const

/** What transactions have decided about messages, and nobody has carried out, or tidied up. */
export async function* checkEntries(scan: Scan): AsyncGenerator<Finding> {
  const { database, tools } = scan
  const entries = database.collection(journal)
  const find = (filter: object) =>
    inBatches<Entry>(entries.find(filter, { projection: PROJECTION, ...IN_PARTS }))

  /** Those of users who are gone are orphans, or their erasure's. */
  async function* ofTheLiving(filter: object, toFound: (entry: Entry) => FoundEntry) {
    for await (const all of find(filter)) {
      const batch = all.filter(({ userId }) => userId instanceof ObjectId)
      const fates = await tools.fates(batch.map(({ userId }) => userId))
      for (const entry of batch) if (fates(entry.userId) === 'alive') yield [toFound(entry)]
    }
  }

  const isLeft = async (_id: ObjectId): Promise<boolean> => {
    const filter = { _id, ...UNSETTLED }
    const found = await attempt(database.deadline(), 'read', (terms) =>
      entries.findOne(filter, { projection: { _id: 1 }, ...terms }),
    )
    return found !== null
  }

  async function settle([entry]: FoundEntry[]): Promise<boolean> {
    if (!entry) return true
    await tools.messages.settle(entry.userId)
    return !(await isLeft(entry._id))
  }

  /** Whatever kept it from being settled may have been put right. If not, it is parked again. */
  async function retry(batch: FoundEntry[]): Promise<boolean> {
    const ids = batch.map(({ _id }) => _id)
    await attempt(database.deadline(), 'write', (terms) =>
      entries.updateMany({ _id: { $in: ids }, ...PARKED }, { $unset: { parked: 1 } }, terms),
    )
    return settle(batch)
  }

  const old = { ...OPEN, ...isPast('createdAt') }
  for await (const found of ofTheLiving(PARKED, (entry) => as('entry-parked', entry, codeOf(entry))))
    yield* tell(scan, found, retry)
  for await (const found of ofTheLiving(old, (entry) => as('entry-unsettled', entry, ageOf(entry))))
    yield* tell(scan, found, settle)
  for await (const batch of find(REST)) {
    const found = batch.map((entry) => as('entry-rest', entry, ageOf(entry)))
    yield* tell(scan, found, async () => {
      await tools.journal.sweep(database.deadline())
      return true
    })
  }
}

const as = (kind: Kind, { _id, userId }: Entry, detail: string): FoundEntry => ({
  kind,
  collection: journal.collection,
  id: _id.toHexString(),
  detail,
  _id,
  userId,
})

const codeOf = ({ parked }: Entry): string => `code ${Number(parked?.code)}`
