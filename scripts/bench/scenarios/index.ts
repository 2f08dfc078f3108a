import type { Scenario } from '../scenario.ts'
import { lane } from './lane.ts'

export const scenarios: Scenario[] = [...lane]
