import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '../../bundle.ts'
import type { Attempt, Part } from '../../part.ts'
import { makeBases } from './bases.ts'
import { DECK, dealFaults, SHORT_DECK } from './faults.ts'
import { judge } from './judge.ts'
import { PLANTS } from './plants.ts'
import { type Rig, startRig } from './rig.ts'
import { takeSeat } from './seat.ts'

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url))
/** What is written until then is held against the ledgers, and dropped: memory and disk stay flat. */
const ROUND_MS = 40_000
/** Each kind of call has been made by then. */
const WARM_UP_MS = 500

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
  await pause(WARM_UP_MS)
  const begun = performance.now()
  const isEnough = () => over.aborted || performance.now() - begun > ROUND_MS
  await dealFaults({ rig, seats, tally, random }, plant ? SHORT_DECK : DECK, plant ? () => true : isEnough)
  await Promise.all(seats.map((seat) => seat.stop()))
  /* Nothing that they sent is under way any more; and what they were told has to outlast this one, too. */
  await rig.restart()
  const ledgers = [ledger, ...seats.map((seat) => seat.ledger)]
  await judge({ uri, crowds, ledgers, plant, tally })
  await Promise.all(ledgers.map((path) => rm(path)))
}
