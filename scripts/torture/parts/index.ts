import type { Part } from '../part.ts'
import { calendar } from './calendar/index.ts'
import { clocks } from './clocks/index.ts'
import { failover } from './failover/index.ts'
import { failpoints } from './failpoints/index.ts'
import { injection } from './injection/index.ts'
import { json } from './json/index.ts'
import { leaks } from './leaks/index.ts'
import { overload } from './overload/index.ts'
import { soak } from './soak/index.ts'
import { writes } from './writes/index.ts'

export const parts: readonly Part[] = [
  writes,
  failover,
  failpoints,
  json,
  injection,
  leaks,
  clocks,
  soak,
  overload,
  calendar,
]
