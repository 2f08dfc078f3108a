import type { DialogueStore, HistoryPage, JsonObject } from '../../../../src/index.ts'
import type { Random } from '../../../lib/random.ts'
import { compare, type Filter, type Ledger, matches, type Place, placeOf } from './ledger.ts'
import type { Written } from './protocol.ts'

type Page = HistoryPage<JsonObject>
type Way = 'back' | 'forth'

/** A page that was read while others wrote. */
export interface Look {
  way: Way
  filter: Filter
  limit: number
  /** The place from which it was read; none: from the end. */
  origin: Place | undefined
  /** How many messages were known to be stored before. */
  known: number
  page: Page
}

const FIRST: Place = { at: Number.NEGATIVE_INFINITY, id: '' }
const LAST: Place = { at: Number.POSITIVE_INFINITY, id: '' }

/** Some filter, or none. */
export function filterOf(base: number, random: Random): Filter {
  return {
    ...(random.below(4) === 0 && { senders: ['user'] }),
    ...(random.below(4) === 0 && { types: ['voice'] }),
    ...(random.below(4) === 0 && { conversationId: 'ticket' }),
    ...(random.below(4) === 0 && { from: new Date(base + random.below(3) - 1) }),
    ...(random.below(4) === 0 && { to: new Date(base + random.below(3) + 2) }),
  }
}

interface Reading {
  store: DialogueStore
  userId: string
  base: number
  ledger: Ledger
  random: Random
}

/** Walks from one end to the other, again and again, until the writers have ended. */
export async function lookAround(
  { store, userId, base, ledger, random }: Reading,
  isOver: () => boolean,
): Promise<Look[]> {
  const looks: Look[] = []
  while (!isOver()) {
    const way: Way = random.below(2) === 0 ? 'back' : 'forth'
    const filter = filterOf(base, random)
    const begin = way === 'back' ? undefined : random.pick([undefined, ...ledger.all])
    let cursor = begin?.cursor ?? null
    let origin = begin && { at: begin.at, id: begin.id }
    do {
      const limit = 1 + random.below(60)
      const known = ledger.length()
      const place = cursor === null ? {} : way === 'back' ? { before: cursor } : { after: cursor }
      const page = await store.retrieveHistory(userId, { ...filter, limit, count: false, ...place })
      looks.push({ way: 'after' in place ? 'forth' : 'back', filter, limit, origin, known, page })
      cursor = way === 'back' ? page.older : page.newer
      const edge = way === 'back' ? page.messages[0] : page.messages.at(-1)
      origin = edge && placeOf(edge)
    } while (cursor !== null && origin && !isOver())
  }
  return looks
}

/**
 * What is wrong with a page: everything that was stored before it was read, and stayed, has to be on it, as far as
 * it reaches; and nothing else than was stored.
 */
export function wrongLook(
  look: Look,
  ledger: Ledger,
  known: ReadonlyMap<string, Written>,
  stayed: Set<string>,
) {
  const { page, limit } = look
  const shown = page.messages.map(placeOf)
  if (shown.length > limit) return `${shown.length} messages of at most ${limit}`
  const disorder = shown.find((place, i) => i > 0 && compare(shown[i - 1] ?? FIRST, place) >= 0)
  if (disorder) return `${disorder.id} is not behind the one before it`
  for (const { id, timestamp, cursor } of page.messages) {
    const written = known.get(id)
    if (!written) return `${id} was never stored`
    if (written.at !== timestamp.getTime() || written.cursor !== cursor)
      return `${id} is not where it was stored`
    if (!isOn(look, written)) return `${id} is not of this page`
  }
  const ids = new Set(shown.map(({ id }) => id))
  const missing = ledger.all
    .slice(0, look.known)
    .find((written) => stayed.has(written.id) && !ids.has(written.id) && isOn(look, written))
  return missing && `${missing.id} is missing at ${missing.at}, of writer ${missing.writer}, ${missing.seq}`
}

const isOn = (look: Look, written: Written): boolean =>
  matches(written, look.filter) && isWithin(look, written)

/** From its origin as far as a page reaches. */
function isWithin({ way, origin, page }: Look, place: Place): boolean {
  const [first, last] = [page.messages[0], page.messages.at(-1)]
  if (way === 'back') {
    const end = page.older === null || !first ? FIRST : placeOf(first)
    return compare(place, origin ?? LAST) < 0 && compare(place, end) >= 0
  }
  const end = page.newer === null || !last ? LAST : placeOf(last)
  return compare(place, origin ?? FIRST) > 0 && compare(place, end) <= 0
}
