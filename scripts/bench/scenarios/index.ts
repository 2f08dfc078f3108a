import type { Scenario } from '../scenario.ts'
import { bulk } from './bulk.ts'
import { contexts } from './contexts.ts'
import { erasure } from './erasure.ts'
import { externalIds } from './external-ids.ts'
import { growth } from './growth.ts'
import { history } from './history.ts'
import { lane } from './lane.ts'
import { memory } from './memory.ts'
import { start } from './start.ts'
import { testStore } from './test-store.ts'
import { transactions } from './transactions.ts'
import { turn } from './turn.ts'

export const scenarios: Scenario[] = [
  ...lane,
  bulk,
  externalIds,
  ...history,
  memory,
  contexts,
  turn,
  transactions,
  erasure,
  start,
  testStore,
  ...growth,
]
