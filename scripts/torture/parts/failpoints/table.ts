import type { Random } from '../../../lib/random.ts'
import { createDeck, type Deck } from './deck.ts'
import type { Failure } from './failures.ts'
import type { Field } from './field.ts'
import { type Card, learn, type Model } from './judge.ts'

export type Table = ReturnType<typeof createTable>

/** A deck for each failure, of which those come first that were gone through least often. */
export function createTable(failures: readonly Failure[], courses: readonly string[], random: Random) {
  const decks = failures.map((failure) => createDeck(failure, courses, random))
  const models = new Map<string, Promise<Model>>()

  const modelOn = (field: Field) => (name: string) => {
    const model = models.get(name) ?? learn(field, field.course(name))
    models.set(name, model)
    return model
  }

  function choose(): Deck {
    const fewest = Math.min(...decks.map(({ passes }) => passes()))
    return random.pick(decks.filter(({ passes }) => passes() === fewest))
  }

  return {
    /** @param field where to learn what a course does, if nobody knows yet */
    async draw(field: Field): Promise<{ deck: Deck; card: Card }> {
      const deck = choose()
      const card = await deck.next(modelOn(field))
      if (!card) throw new Error('No operation sends a command that this could befall.')
      return { deck, card }
    },
    /** Each failure came once at least. */
    isTried: () => decks.every((deck) => deck.isTried()),
  }
}
