import { id, parse } from '../input.ts'
import type { ShapeCheck } from '../shape.ts'
import { ofItem, type StoreOutcome, toBulk, toOutcome } from './bulk.ts'
import { toEdit, toKeyFilter } from './edit.ts'
import { deletion, type Message, toMessage } from './schema.ts'
import type { Turn } from './turn.ts'

/** The messages' verbs inside a transaction. */
export function createTurnVerbs<M>(turn: Turn, checkMetadata: ShapeCheck | undefined) {
  return {
    async storeMessage(input: unknown): Promise<{ message: Message<M>; created: boolean }> {
      const { document, created } = await turn.storeMessage(input)
      return { message: toMessage(document), created }
    },

    /** A message that is rejected throws: all of them are stored, or none. */
    async storeMessages(inputs: unknown): Promise<StoreOutcome<M>[]> {
      const outcomes: StoreOutcome<M>[] = []
      for (const [index, input] of toBulk(inputs).entries()) {
        try {
          outcomes.push(toOutcome(await turn.storeMessage(input)))
        } catch (error) {
          throw ofItem(index, error)
        }
      }
      return outcomes
    },

    async getMessage(user: unknown, key: unknown): Promise<Message<M>> {
      return toMessage(await turn.getMessage(parse(id, user, ['userId']), toKeyFilter(key)))
    },

    async updateMessage(...given: unknown[]): Promise<Message<M>> {
      return toMessage(await turn.updateMessage(toEdit(given, checkMetadata)))
    },

    async deleteMessages(user: unknown, which: unknown): Promise<number> {
      return turn.deleteMessages(parse(id, user, ['userId']), parse(deletion, which, ['filter']))
    },
  }
}
