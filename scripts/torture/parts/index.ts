import type { Part } from '../part.ts'
import { overload } from './overload/index.ts'
import { writes } from './writes/index.ts'

export const parts: readonly Part[] = [writes, overload]
