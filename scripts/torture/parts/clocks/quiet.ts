import type { DialogueStore, HistoryOptions, Message } from '../../../../src/index.ts'
import type { Random } from '../../../lib/random.ts'
import { filterOf } from './busy.ts'
import { compare, type Filter, matches } from './ledger.ts'
import type { Written } from './protocol.ts'

interface Reading {
  store: DialogueStore
  userId: string
  base: number
  /** All that is stored, in the order of history. */
  truth: readonly Written[]
  random: Random
}

type Complaint = (detail: string) => void

/** Walks while nobody writes: each page is exactly what the model says, and so are its ends. */
export async function walkExactly(reading: Reading, complain: Complaint): Promise<number> {
  const { store, userId, base, truth, random } = reading
  const filter = random.below(2) === 0 ? {} : filterOf(base, random)
  const wanted = truth.filter((one) => matches(one, filter))
  const isBack = random.below(2) === 0
  let pages = 0
  let begin = isBack ? random.pick([undefined, ...truth]) : random.pick(truth)
  while (true) {
    const limit = 1 + random.below(80)
    const [before, behind] = partsAt(wanted, begin, isBack)
    const page = await store.retrieveHistory(userId, {
      ...{ ...filter, limit, count: 'exact' },
      ...(begin && (isBack ? { before: begin.cursor } : { after: begin.cursor })),
    })
    pages++
    const shown = isBack ? before.slice(-limit) : behind.slice(0, limit)
    const isEnd = shown.length === (isBack ? before : behind).length
    const isAlone = (isBack ? behind : before).length === 0
    const name = `a page of ${limit} ${isBack ? 'before' : 'after'} ${begin?.id}, ${JSON.stringify(filter)}`
    const wrong =
      wrongList(page.messages, shown) ??
      (page.count === wanted.length ? undefined : `counts ${page.count} instead of ${wanted.length}`) ??
      wrongEnd('older', page.older, isBack ? isEnd : isAlone) ??
      wrongEnd('newer', page.newer, isBack ? isAlone : isEnd)
    if (wrong) complain(`${name}: ${wrong}`)
    begin = isBack ? shown[0] : shown.at(-1)
    if (isEnd || !begin || wrong) return pages
  }
}

/** What lies on either side of a place; the message there is on the far side of where we look. */
function partsAt(wanted: readonly Written[], begin: Written | undefined, isBack: boolean) {
  const before = wanted.filter((one) => !begin || compare(one, begin) < (isBack ? 0 : 1))
  return [before, wanted.slice(before.length)] as const
}

const wrongEnd = (name: string, cursor: string | null, isNull: boolean): string | undefined =>
  (cursor === null) === isNull ? undefined : `${name} is ${cursor}`

/** Where a list of messages is not the one that it has to be. */
export function wrongList(
  messages: readonly Pick<Message, 'id' | 'timestamp' | 'cursor'>[],
  wanted: readonly Written[],
): string | undefined {
  if (messages.length !== wanted.length) return `${messages.length} messages instead of ${wanted.length}`
  const at = messages.findIndex(({ id }, i) => id !== wanted[i]?.id)
  if (at >= 0) return `${messages[at]?.id} instead of ${wanted[at]?.id} at ${at}`
  const moved = messages.find(
    ({ timestamp, cursor }, i) => timestamp.getTime() !== wanted[i]?.at || cursor !== wanted[i]?.cursor,
  )
  return moved && `${moved.id} has another timestamp or cursor than when it was stored`
}

/** An iteration is all that is behind a place. */
export async function iterateExactly(
  { store, userId, base, truth, random }: Reading,
  complain: Complaint,
): Promise<void> {
  const filter = random.below(2) === 0 ? {} : filterOf(base, random)
  const begin = random.pick([undefined, ...truth])
  const found: Message[] = []
  const options = { ...filter, ...(begin && { after: begin.cursor }) }
  for await (const message of store.iterateHistory(userId, options)) found.push(message)
  const wanted = truth.filter((one) => matches(one, filter) && (!begin || compare(one, begin) > 0))
  const wrong = wrongList(found, wanted)
  if (wrong) complain(`iterated after ${begin?.id}: ${wrong}`)
}

const MOST_PENDING = 1000

/** What is pending is what is behind the mark, also when the mark's message is gone. */
export async function markExactly(
  { store, userId, truth, random }: Reading,
  marks: readonly Written[],
  complain: Complaint,
): Promise<void> {
  const mark = random.pick(marks)
  const { context } = await store.storeContext(userId, { summary: mark.seq }, { covers: mark.cursor })
  const filter: Filter = {
    ...(random.below(2) === 0 && { senders: ['assistant'] }),
    ...(random.below(2) === 0 && { conversationId: 'ticket' }),
  }
  const { covers, pending } = await store.retrieveContext(userId, { pending: pendingOf(filter) })
  const wanted = truth.filter((one) => matches(one, filter) && compare(one, mark) > 0).length
  if (context.covers !== mark.cursor || covers !== mark.cursor) complain(`the mark is not at ${mark.id}`)
  if (pending !== Math.min(wanted, MOST_PENDING))
    complain(`${pending} pending instead of ${wanted} at ${mark.id}`)
}

const pendingOf = ({ senders, conversationId }: HistoryOptions) =>
  senders || conversationId !== undefined
    ? { ...(senders && { senders }), ...(conversationId !== undefined && { conversationId }) }
    : true

/** Of one process, what has the same timestamp comes in the order in which it was put in. */
export function wrongOrder(truth: readonly Written[]): string | undefined {
  const last = new Map<string, Written>()
  for (const one of truth) {
    const key = `${one.writer} ${one.at}`
    const before = last.get(key)
    if (before && before.seq > one.seq)
      return `of writer ${one.writer}, at ${one.at}, ${one.seq} comes behind ${before.seq}`
    last.set(key, one)
  }
  return undefined
}
