import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '../../bundle.ts'
import type { Attempt, Part } from '../../part.ts'
import { makeBases } from './bases.ts'
import { dealFaults } from './faults.ts'
import { judge } from './judge.ts'
import { PLANTS } from './plants.ts'
import { type Rig, startRig } from './rig.ts'
import { type Seat, takeSeat } from './seat.ts'

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url))
/** What is written until then is held against the ledgers, and dropped: memory and disk stay flat. */
const ROUND_MS = 40_000
/** Each kind of call has been answered when each writer has noted so much. */
const WARM_UP_BYTES = 30_000
const WARM_UP_MS = 30_000
const POLL_MS = 20

export const writes: Part = {
  name: 'writes',
  about: 'writers and mongod are killed and frozen; what was acknowledged is there, once',
  minutes: 3,
  plants: PLANTS,
  async run(attempt) {
    const rig = await startRig()
    attempt.defer(rig.stop)
    const program = bundleProgram(WRITER, rig.folder)
    for (let round = 0; round === 0 || !attempt.over.aborted; round++)
      await playRound(attempt, rig, program, `round-${round}`)
  },
}

async function playRound(
  { over, random, plant, tally }: Attempt,
  rig: Rig,
  program: string,
  name: string,
): Promise<void> {
  const { uri, folder } = rig
  const { crowds, ledger } = await makeBases(rig, name)
  const names = plant ? ['a'] : ['a', 'b']
  const seats = await Promise.all(
    names.map((seat) => takeSeat(seat, { program, uri, folder, crowds, random })),
  )
  await warmUp(seats)
  const begun = performance.now()
  const isEnough = () => over.aborted || performance.now() - begun > ROUND_MS
  /* For a fault that is planted, there only has to be something to plant it in. */
  if (!plant) await dealFaults({ rig, seats, tally, random }, isEnough)
  await Promise.all(seats.map((seat) => seat.stop()))
  /* Nothing that they sent is under way any more; and what they were told has to outlast this one, too. */
  if (!plant) await rig.restart()
  const ledgers = [ledger, ...seats.map((seat) => seat.ledger)]
  await judge({ uri, crowds, ledgers, plant, tally })
  await Promise.all(ledgers.map((path) => rm(path)))
}

async function warmUp(seats: Seat[]): Promise<void> {
  const isCold = () => seats.some((seat) => seat.written() < WARM_UP_BYTES)
  for (let waited = 0; waited < WARM_UP_MS && isCold(); waited += POLL_MS) await pause(POLL_MS)
}
