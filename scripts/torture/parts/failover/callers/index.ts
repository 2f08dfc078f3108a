import type { Caller, World } from './caller.ts'
import { createErasures } from './erasures.ts'
import { createEvents } from './events.ts'
import { createBulks, createDeliveries, createMessages } from './messages.ts'
import { createTurns } from './turns.ts'
import { createVersions } from './versions.ts'

export { type Caller, Surprise, type World } from './caller.ts'

export const createCallers = async (world: World): Promise<Caller[]> =>
  (
    await Promise.all([
      createMessages(world),
      createDeliveries(world),
      createBulks(world),
      createVersions(world),
      createEvents(world),
      createTurns(world),
      createErasures(world),
    ])
  ).flat()
