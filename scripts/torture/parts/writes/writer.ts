import { setTimeout as pause } from 'node:timers/promises'
import { type DialogueStore, openStore } from '../../../../src/index.ts'
import { createRandom } from '../../../lib/random.ts'
import { BASES, type Base, type Kind, REPEATABLE } from './calls.ts'
import { createClerk, type Order } from './clerk.ts'
import { type Call, openLedger, readLedger } from './ledger.ts'
import type { Assignment, Message } from './seat.ts'

/*
 * Writes into every database, many calls at once, until it is told to stop, or dies. Begins with what the one before
 * it had no answer to: the platform delivers that again.
 */
const assignment: Assignment = JSON.parse(process.argv[2] ?? '')
const { name, uri, ledger: path, seed, timeoutMs, crowds } = assignment

/** Calls at once, for each database. */
const LOOPS = 5
const LONGEST_PAUSE_MS = 30
const LARGEST_BULK = 12
/** Of deliveries, so many come again while they are under way. */
const TWINS = 1 / 4
const LONGEST_LEAD_MS = 12
/** How often each kind comes. */
const KINDS: readonly Kind[] = [
  ...(['message', 'message', 'message', 'delivery', 'delivery', 'delivery', 'turn', 'turn'] as const),
  ...(['merge', 'update', 'replace', 'replace', 'read', 'rename', 'event', 'booking'] as const),
]

const random = createRandom(seed)
const kinds = new Map<Base, Kind[]>()
let isOver = false
let keys = 0

const stores = new Map<Base, DialogueStore>()
const ledger = await openLedger(path)
const clerk = createClerk(name, ledger, stores)
const again: Order[] = []

/** A server that is just starting, or frozen, is waited for, with more patience each time. */
async function open(base: Base): Promise<void> {
  for (let patience = timeoutMs; !isOver && !stores.has(base); patience *= 2)
    await openStore({ uri, dbName: crowds[base].dbName, timeoutMs: patience }).then(
      (store) => stores.set(base, store),
      () => pause(100),
    )
}

/** A bulk now and then, else one call. */
async function next(base: Base): Promise<void> {
  if (random.next() < 0.08) return clerk.bulk(base, messagesFor(base, 1 + random.below(LARGEST_BULK)))
  const order = again.shift() ?? orderFor(base, nextKind(base))
  const repeatable = REPEATABLE.has(order.kind)
  const calls = [clerk.call(order)]
  if (repeatable && random.next() < TWINS) {
    await pause(random.below(LONGEST_LEAD_MS))
    calls.push(clerk.call(order))
  }
  const heard = await Promise.all(calls)
  if (repeatable && heard.every((one) => 'code' in one)) again.push(order)
}

/** Each kind comes soon. */
function nextKind(base: Base): Kind {
  const left = kinds.get(base) ?? []
  const next = left.pop()
  if (next) return next
  kinds.set(base, random.shuffle(KINDS))
  return nextKind(base)
}

const messagesFor = (base: Base, count: number): Order[] =>
  Array.from({ length: count }, () => orderFor(base, random.pick(['message', 'delivery'])))

/** Who has a context that is merged has none that is replaced. */
function orderFor(base: Base, kind: Kind): Order {
  const { merging, replacing } = crowds[base]
  const everybody = [...merging, ...replacing]
  const whose = { turn: merging, merge: merging, update: merging, replace: replacing }
  const users = kind in whose ? whose[kind as keyof typeof whose] : everybody
  return { kind, base, userId: random.pick(users), key: `${name}-k${keys++}` }
}

async function loop(base: Base): Promise<void> {
  while (!isOver) {
    await next(base)
    await pause(random.below(LONGEST_PAUSE_MS))
  }
}

/** Deliveries that nobody has acknowledged. */
async function deliverAgain(from: string): Promise<void> {
  const calls = await readLedger(from)
  const done = new Set(calls.filter(isAcknowledged).map(({ key }) => key))
  const open = new Map(calls.filter(({ kind, key }) => REPEATABLE.has(kind) && !done.has(key)).map(toOrder))
  again.push(...open.values())
}

const isAcknowledged = ({ heard }: Call): boolean => heard !== undefined && 'id' in heard
const toOrder = ({ kind, base, userId, key }: Call): [string, Order] => [key, { kind, base, userId, key }]

process.on('disconnect', () => process.exit())
process.on('message', (message: Message) => {
  if ('stop' in message) isOver = true
  else void deliverAgain(message.deliverAgain)
})

await Promise.all([...BASES.map(open), deliverAgain(path)])
const loops = BASES.flatMap((base) => Array.from({ length: LOOPS }, () => loop(base)))
process.send?.('ready')
await Promise.all(loops)
await Promise.all([...stores.values()].map((store) => store.close()))
await ledger.close()
process.disconnect()
