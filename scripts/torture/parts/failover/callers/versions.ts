import { ObjectId } from '../../../../../src/ids.ts'
import type { JsonObject } from '../../../../../src/index.ts'
import { type Caller, Surprise, type World } from './caller.ts'

/** A document after a write: it counts, and the server counts, too. */
interface Counted {
  version: number
  data: JsonObject
}

interface Kind {
  name: string
  write(userId: string, n: number): Promise<Counted>
  /** Where it is stored. */
  collection: 'users' | 'contexts'
  key: '_id' | 'userId'
}

const SLOTS = 20
const next = ({ n }: JsonObject): JsonObject => ({ n: Number(n ?? 0) + 1 })

/** Writes that raise a version, by one each. */
export function createVersions(world: World): Promise<Caller[]> {
  const { store } = world
  const context = { collection: 'contexts', key: 'userId' } as const
  const contextOf = async ({ context: { version, data } }: { context: Counted }) => ({ version, data })
  const kinds: Kind[] = [
    { ...context, name: 'storeContext', write: (id, n) => store.storeContext(id, { n }).then(contextOf) },
    {
      ...context,
      name: 'mergeContext',
      write: (id, n) => store.mergeContext(id, { n, [`slot ${n % SLOTS}`]: n }).then(contextOf),
    },
    { ...context, name: 'updateContext', write: (id) => store.updateContext(id, next).then(contextOf) },
    {
      ...{ name: 'updateUser', collection: 'users', key: '_id' },
      write: (id) => store.updateUser(id, ({ data }) => ({ data: next(data) })),
    },
  ]
  return Promise.all(kinds.map((kind) => createCounter(world, kind)))
}

async function createCounter({ store, db }: World, { name, write, collection, key }: Kind): Promise<Caller> {
  const { id: userId } = await store.createUser({ name: `Counts by ${name}` })
  let writes = 0
  let last: Counted | undefined
  /* Whether a write that failed has been applied is not known. */
  let isUnsure = false

  return {
    name,
    isWriter: true,
    async call(n) {
      const before = last
      const wasUnsure = isUnsure
      isUnsure = true
      last = await write(userId, n)
      isUnsure = false
      writes++
      if (!before || wasUnsure) return
      const steps = [last.version - before.version, Number(last.data.n) - Number(before.data.n)]
      if (steps.some((step) => step !== 1))
        throw new Surprise(`one ${name} for ${userId} took ${said(before)} to ${said(last)}`)
    },
    acknowledged: () => writes,
    async check() {
      const stored = await db.collection(`dialogue_${collection}`).findOne({ [key]: new ObjectId(userId) })
      const there: Counted = { version: stored?.version, data: stored?.data }
      if (!last || isUnsure || said(there) === said(last)) return []
      return [`${name} for ${userId} was acknowledged as ${said(last)}, and ${said(there)} is there`]
    },
    messageIds: () => [],
  }
}

const said = ({ version, data }: Counted): string => `version ${version} (n ${data?.n})`
