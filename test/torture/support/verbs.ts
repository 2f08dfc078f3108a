import { afterAll } from '@jest/globals'
import { createClosers } from '../../../scripts/lib/run.ts'
import { openVerbs } from '../../../scripts/torture/rig/verbs.ts'
import type { DialogueStore } from '../../../src/index.ts'

const { defer, close } = createClosers()
afterAll(close)

/** All verbs of a store, of its transactions, and of what stands beside it; and what stands in for Google. */
export async function everyVerb(store: DialogueStore) {
  const { server, verbsOf } = await openVerbs(store, defer)
  return { server, verbs: verbsOf(store) }
}
