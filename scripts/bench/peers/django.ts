import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Contestant } from '../measure/contest.ts'
import { type LineProcess, startLines } from './django/lines.ts'
import { type Postgres, startPostgres, USER } from './django/postgres.ts'
import { findPython } from './django/python.ts'
import type { RemotePeer, RemoteScene, RemoteVerb } from './remote.ts'

const CODE = join(import.meta.dirname, 'django')
const NAME = 'Django, PostgreSQL'

/** What serve.py measures. The processor's time is that of the Python process alone. */
const figures = z.object({
  perSecond: z.number(),
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
  cpuMicros: z.number(),
})
/** Nobody compares with a server that may forget. */
const durable = z.object({
  fsync: z.literal('on'),
  synchronous_commit: z.literal('on'),
  full_page_writes: z.literal('on'),
})

/** The stack of the Python module that this library ports: see django/README.md. */
export const django: RemotePeer = {
  name: NAME,

  async start() {
    const python = await findPython()
    const postgres = await startPostgres()
    return {
      contestant: (verb, scene) => openContestant({ python, postgres, verb, scene }),
      stop: postgres.stop,
    }
  },
}

interface Opening {
  python: string
  postgres: Postgres
  verb: RemoteVerb
  scene: RemoteScene & { texts: string[] }
}

async function openContestant({ python, postgres, verb, scene }: Opening): Promise<Contestant> {
  const { perCall = 1, ...people } = scene
  const { directory } = postgres
  const database = `bench_${randomBytes(6).toString('hex')}`
  await postgres.create(database)
  const args = [join(CODE, 'serve.py'), directory, USER, database]
  const serving = await startLines(python, args, { keptIn: directory, cwd: CODE })
  const close = async () => {
    await serving.stop()
    await postgres.drop(database)
  }
  try {
    durable.parse(await serving.ask({ do: 'open', ...people }))
  } catch (error) {
    await close()
    throw error
  }
  return { name: NAME, sample: (load) => sample(serving, { verb, perCall, ...load }), close }
}

/** There is no event loop, and PostgreSQL doesn't count commands and bytes as mongod does. */
async function sample(
  serving: LineProcess,
  request: { verb: RemoteVerb; callers: number; ms: number; perCall: number },
) {
  const measured = figures.parse(await serving.ask({ do: 'sample', ...request }))
  return { ...measured, loopDelay: null, commands: null, bytesIn: null, bytesOut: null }
}
