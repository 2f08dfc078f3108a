import { type Deadline, latest, within } from './attempt.ts'
import { timedOut } from './failure.ts'
import { createLane, type Passenger } from './lane.ts'

interface Needs<Key, Found> {
  /** Reads what these keys stand for, none of them twice. */
  read(keys: Key[], deadline: Deadline): Promise<Found[]>
  /** Two keys that have the same name are the same. */
  nameOf(key: Key): string
  /** The names of the keys that something found is for. */
  namesOf(found: Found): string[]
  /** How many keys one read takes. */
  most: number
}

/** Two, so that the server works on one while we unpack the other. */
const AT_ONCE = 2
/** Smaller reads cost more than it brings to have two. */
const FEW = 16

/**
 * One read for many callers, as the message lane is one write for many: while reads are under way, callers pile up,
 * and the next read takes them all. Alone, nobody waits. A read begins after the call, so it misses nothing that was
 * stored before. In a transaction, each reads for itself.
 */
export function createGather<Key, Found extends object>({ read, nameOf, namesOf, most }: Needs<Key, Found>) {
  interface Caller extends Passenger {
    key: Key
    deadline: Deadline
    resolve(found: Found | undefined): void
  }

  async function readByName(keys: Key[], deadline: Deadline): Promise<Map<string, Found>> {
    const all = await read(keys, deadline)
    return new Map(all.flatMap((found) => namesOf(found).map((name): [string, Found] => [name, found])))
  }

  async function flush(callers: Caller[]): Promise<void> {
    const deadline = latest(callers.map((caller) => caller.deadline))
    const taken = new Set<Found>()
    for (let rest = callers; rest.length > 0; ) {
      const asked = new Map(rest.map(({ key }) => [nameOf(key), key]))
      const byName = await readByName([...asked.values()], deadline)
      rest = rest.filter(({ key, resolve }) => {
        const name = nameOf(key)
        const found = byName.get(name)
        /* Nobody gets what another caller gets, to change as they like: it is read for them anew. */
        const isTaken = !asked.delete(name) || (found !== undefined && taken.has(found))
        if (isTaken) return true
        if (found) taken.add(found)
        resolve(found)
        return false
      })
    }
  }

  const lane = createLane<Caller>({ flush, parallel: () => AT_ONCE, maxItems: most, fewItems: FEW })
  const send = (key: Key, deadline: Deadline) =>
    new Promise<Found | undefined>((resolve, reject) =>
      lane.board({ key, count: 1, bytes: 0, deadline, resolve, reject }),
    )

  return async (key: Key, deadline: Deadline): Promise<Found | undefined> => {
    if (deadline.transaction) return (await readByName([key], deadline)).get(nameOf(key))
    const left = deadline.remaining()
    return within(left, send(key, deadline), () => timedOut('not-applied'))
  }
}
