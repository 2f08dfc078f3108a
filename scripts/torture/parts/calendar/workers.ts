import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '../../bundle.ts'
import type { Attempt } from '../../part.ts'
import { type Spawned, spawnProgram } from '../../spawned.ts'
import type { Scene } from './scene.ts'

const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url))
const WORKERS = 2
const LONGEST_LIFE_MS = 4000

export const KILLED = 'a worker is killed'

/** Workers that are killed at any moment, and others in their place, until time is over. */
export async function keepWorkers({ over, random, tally, defer }: Attempt, scene: Scene): Promise<void> {
  const program = bundleProgram(PROGRAM, scene.folder)
  const living = new Set<Spawned>()
  const killAll = async () => {
    for (const worker of living) worker.signal('SIGKILL')
    await Promise.all([...living].map(({ ended }) => ended))
  }
  defer(killAll)

  async function live(): Promise<void> {
    const worker = await spawnProgram(program, scene.workerArgs)
    living.add(worker)
    await worker.next()
    await pause(random.below(LONGEST_LIFE_MS), undefined, { signal: over }).catch(() => {})
    worker.signal('SIGKILL')
    await worker.ended
    living.delete(worker)
    tally.tried(KILLED)
  }
  const lane = async () => {
    do await live()
    while (!over.aborted)
  }
  await Promise.all(Array.from({ length: WORKERS }, lane))
}
