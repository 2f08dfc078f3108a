import type { DialogueStore } from '../../../../../src/index.ts'
import type { Scene } from '../scene.ts'

/** Something that a bot asks of a store. */
export interface Operation {
  /** More of the scene than everybody has, by another store. */
  prepare?(other: DialogueStore, scene: Scene): Promise<unknown>
  call(store: DialogueStore, scene: Scene): Promise<unknown>
  /** Where it fails without knowing how far it got, a part may be done; a repetition does the rest. */
  inSteps?: true
  /** What it does is owed before, and any reader does it. */
  isOwed?: true
  /** What was begun when it failed, the next one goes on with: its error says nothing of that. */
  goesOn?: true
}

export async function allOf<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export async function firstOf<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item
  throw new Error('nothing came')
}
