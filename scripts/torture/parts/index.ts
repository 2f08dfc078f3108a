import type { Part } from '../part.ts'

import { soak } from './soak/index.ts'

export const parts: readonly Part[] = [soak]
