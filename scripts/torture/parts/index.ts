import type { Part } from '../part.ts'
import { failover } from './failover/index.ts'

export const parts: readonly Part[] = [failover]
