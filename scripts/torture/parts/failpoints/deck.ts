import type { Random } from '../../../lib/random.ts'
import type { Failure } from './failures.ts'
import type { Card, Model } from './judge.ts'

/** Of which each pass has one for each command. */
const TIMES = [1, 3]
/** Who waits for others asks again and again: the same, of which the first ones do. */
const MOST_OF_A_KIND = 12

/** The cards of a course, once it is known what it sends. */
interface Hand {
  name: string
  cards?: Card[]
}

export type Deck = ReturnType<typeof createDeck>

/**
 * All that can be tried of a failure, in a random order in which each course comes before one comes again, and the first
 * command of each kind before those that follow it. When all was tried, it begins anew.
 */
export function createDeck(failure: Failure, courses: readonly string[], random: Random) {
  let hands: Hand[] = []
  let passes = -1
  const seen = { met: 0, succeeded: 0, missed: 0, dealt: 0 }

  function cardsOf(name: string, model: Model): Card[] {
    const traps = model.sent
      .filter((sent) => sent.number <= MOST_OF_A_KIND && failure.befalls(sent))
      .flatMap((at) => failure.ways.map((way) => ({ at, way, times: random.pick(TIMES) })))
    const kindsFirst = random.shuffle(traps).sort((a, b) => b.at.number - a.at.number)
    return kindsFirst.map((trap) => ({ name, model, failure, trap }))
  }

  async function deal(modelOf: (course: string) => Promise<Model>): Promise<Card | undefined> {
    for (let hand = hands[0]; hand; hand = hands[0]) {
      const model = await modelOf(hand.name)
      hand.cards ??= cardsOf(hand.name, model)
      /* Somebody else was waiting for the same. */
      if (hand !== hands[0]) continue
      hands.shift()
      const card = hand.cards.pop()
      if (!card) continue
      hands.push(hand)
      seen.dealt++
      return card
    }
    return undefined
  }

  return {
    /**
     * Undefined: no course sends anything that it could befall.
     * @param modelOf what a course does without a failure: asked for when it is its turn
     */
    async next(modelOf: (course: string) => Promise<Model>): Promise<Card | undefined> {
      const card = await deal(modelOf)
      if (card) return card
      passes++
      seen.dealt = 0
      hands = random.shuffle(courses).map((name) => ({ name }))
      return deal(modelOf)
    },
    /** How often all of it was tried; -1 before it has begun. */
    passes: () => passes,
    isTried: () => seen.met > 0,
    score(succeeded: boolean): void {
      seen.met++
      if (succeeded) seen.succeeded++
    },
    /** The command never came. */
    missed(): void {
      seen.missed++
    },
    summary(): string {
      const left = hands.reduce((sum, { cards }) => sum + (cards?.length ?? Number.NaN), 0)
      const done = seen.dealt / (seen.dealt + left)
      return [
        `${percent(seen.succeeded / seen.met)} went through`,
        ...(passes > 0 ? [`all of it ${passes} times`] : []),
        ...(passes <= 0 && done > 0 ? [`${percent(Math.floor(100 * done) / 100)} of it`] : []),
        ...(seen.missed > 0 ? [`${seen.missed} never came`] : []),
      ].join('; ')
    },
  }
}

const percent = (part: number): string => `${Math.round(100 * part)} %`
