import type { Random } from '../../../lib/random.ts'
import type { Course } from './course.ts'
import type { Failure } from './failures.ts'
import type { Card, Model } from './judge.ts'

const TIMES = [1, 3]

interface Hand {
  course: Course
  cards?: Card[]
}

export type Deck = ReturnType<typeof createDeck>

/**
 * All that can be tried of a failure, in a random order in which each course comes before one comes again, and the first
 * command of each kind before those that follow it. When all was tried, it begins anew.
 * @param modelOf what happens without a failure: asked for when it is a course's turn
 */
export function createDeck(
  failure: Failure,
  courses: readonly Course[],
  random: Random,
  modelOf: (course: Course) => Promise<Model>,
) {
  let hands: Hand[] = []
  const seen = { met: 0, succeeded: 0, passes: -1 }

  async function cardsOf(course: Course): Promise<Card[]> {
    const model = await modelOf(course)
    const { appName } = course
    const traps = model.sent
      .filter(failure.befalls)
      .flatMap((at) => failure.ways.flatMap((way) => TIMES.map((times) => ({ at, way, times, appName }))))
    const kindsFirst = random.shuffle(traps).sort((a, b) => b.at.number - a.at.number)
    return kindsFirst.map((trap) => ({ course, model, failure, trap }))
  }

  async function deal(): Promise<Card | undefined> {
    for (let hand = hands.shift(); hand; hand = hands.shift()) {
      hand.cards ??= await cardsOf(hand.course)
      const card = hand.cards.pop()
      if (!card) continue
      hands.push(hand)
      return card
    }
    return undefined
  }

  return {
    /** Undefined: no course sends anything that it could befall. */
    async next(): Promise<Card | undefined> {
      const card = await deal()
      if (card) return card
      seen.passes++
      hands = random.shuffle(courses).map((course) => ({ course }))
      return deal()
    },
    score(succeeded: boolean): void {
      seen.met++
      if (succeeded) seen.succeeded++
    },
    summary(): string {
      const part = Math.round((100 * seen.succeeded) / seen.met)
      return `${part} % went through${seen.passes > 0 ? `; all of it ${seen.passes} times` : ''}`
    },
  }
}
