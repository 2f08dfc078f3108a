import type { Part } from '../part.ts'
import { failpoints } from './failpoints/index.ts'
import { leaks } from './leaks/index.ts'

export const parts: readonly Part[] = [failpoints, leaks]
