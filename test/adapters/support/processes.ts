import type { DialogueStore } from '../../../src/index.ts'
import { makeProcesses as make } from '../../support/make.ts'

/** Two stores of one database, in a list. */
export async function makeProcesses(): Promise<[DialogueStore, DialogueStore]> {
  const { store, other } = await make()
  return [store, other]
}
