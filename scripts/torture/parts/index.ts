import type { Part } from '../part.ts'

export const parts: readonly Part[] = []
