import type { Part } from '../part.ts'
import { clocks } from './clocks/index.ts'
import { injection } from './injection/index.ts'
import { json } from './json/index.ts'
import { overload } from './overload/index.ts'
import { soak } from './soak/index.ts'
import { writes } from './writes/index.ts'

export const parts: readonly Part[] = [writes, json, injection, clocks, soak, overload]
