import type { DialogueStore } from '../../../src/index.ts'
import { makeWorld } from '../../support/make.ts'
import { makeStore } from '../../support/store.ts'

/** Two stores of one database, as two processes have them. */
export async function makeProcesses(): Promise<[DialogueStore, DialogueStore]> {
  const { store, dbName } = await makeWorld()
  return [store, await makeStore({ dbName })]
}
