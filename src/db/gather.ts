import { type Deadline, within } from './attempt.ts'
import { timedOut } from './failure.ts'
import { createLane, type Passenger } from './lane.ts'

interface Needs<Key, Found> {
  /** Reads what these keys stand for, none of them twice. Gives what each has found. */
  read(keys: Key[], deadline: Deadline): Promise<(key: Key) => Found>
  /** Two keys that have the same name are the same. */
  nameOf(key: Key): string
  /** How many keys one read takes. */
  most: number
}

/** Two, so that the server works on one while we unpack the other. */
const AT_ONCE = 2

/**
 * One read for many callers, as the message lane is one write for many: while reads are under way, callers pile up,
 * and the next read takes them all. Alone, nobody waits. A read begins after the call, so it misses nothing that was
 * stored before. In a transaction, each reads for itself.
 */
export function createGather<Key, Found>({ read, nameOf, most }: Needs<Key, Found>) {
  type Caller = Passenger<Key, Found>

  async function flush(callers: Caller[]): Promise<void> {
    const deadline = latest(callers)
    /* Nobody gets what another caller gets, to change as they like: who asks for the same is in the next read. */
    for (let rest = callers; rest.length > 0; ) {
      const byName = new Map(rest.map((caller) => [nameOf(caller.item), caller]))
      const now = [...byName.values()]
      const found = await read(
        now.map(({ item }) => item),
        deadline,
      )
      for (const caller of now) caller.resolve(found(caller.item))
      rest = rest.filter((caller) => byName.get(nameOf(caller.item)) !== caller)
    }
  }

  const lane = createLane<Key, Found>({
    flush,
    parallel: () => AT_ONCE,
    maxItems: most,
    maxQueuedBytes: Number.POSITIVE_INFINITY,
  })

  return async (key: Key, deadline: Deadline): Promise<Found> => {
    if (deadline.transaction) return (await read([key], deadline))(key)
    const left = deadline.remaining()
    return within(left, lane.send(key, 0, deadline), () => timedOut('not-applied'))
  }
}

const latest = (callers: { deadline: Deadline }[]): Deadline =>
  callers.map(({ deadline }) => deadline).reduce((a, b) => (b.remaining() > a.remaining() ? b : a))
