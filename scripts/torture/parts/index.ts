import type { Part } from '../part.ts'
import { clocks } from './clocks/index.ts'
import { injection } from './injection/index.ts'
import { json } from './json/index.ts'
import { soak } from './soak/index.ts'

export const parts: readonly Part[] = [json, injection, clocks, soak]
