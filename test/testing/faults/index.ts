import { contextsFaults } from './contexts.ts'
import { deliveriesFaults } from './deliveries.ts'
import { erasureFaults } from './erasure.ts'
import { errorsFaults } from './errors.ts'
import { eventsFaults } from './events.ts'
import type { Fault } from './fault.ts'
import { historyFaults } from './history.ts'
import { jsonFaults } from './json.ts'
import { listsFaults } from './lists.ts'
import { messagesFaults } from './messages.ts'
import { transactionsFaults } from './transactions.ts'
import { usersFaults } from './users.ts'

export type { Fault } from './fault.ts'

export const faults: Fault[] = [
  ...usersFaults,
  ...listsFaults,
  ...messagesFaults,
  ...deliveriesFaults,
  ...historyFaults,
  ...contextsFaults,
  ...jsonFaults,
  ...eventsFaults,
  ...transactionsFaults,
  ...erasureFaults,
  ...errorsFaults,
]
