import type { Attempt, Part } from '../../part.ts'
import { tryCodes, unmet } from './codes.ts'
import { createLook, type Look } from './look.ts'
import { textOf } from './marks.ts'
import { tryLookup, tryPasswords, tryUsers } from './passwords.ts'
import { hidePassword, hideText } from './plants.ts'
import { tryCallbacks, tryShapes, tryWrong } from './refusals.ts'
import { tryDuplicates, tryFailing, tryFrozen, tryGoogle, tryKilled, tryValidators } from './trouble.ts'
import { startWatch, type Watch } from './watch.ts'
import { makeWorld, type World } from './world.ts'

const LINES = 'log lines, warnings and output'
/** Of a round. */
const WRONG_CALLS = 120
const KINDS = 1

export const leaks: Part = {
  name: 'leaks',
  about: "looks for users' texts and passwords in errors, logs, warnings and output, whatever fails",
  minutes: 10,
  plants: {
    error: "a user's text is deep in an error's cause",
    log: "a user's text is in a log line",
    password: 'a password is in an error of opening',
  },
  run,
}

async function run({ over, random, plant, defer, tally }: Attempt): Promise<void> {
  const watch = startWatch()
  defer(async () => watch.stop())
  const look = createLook(tally, watch)
  const world = await makeWorld(watch.logger, defer)
  if (plant) return commit(plant, world, look, watch)
  do {
    const rounds: (() => Promise<void>)[] = [
      () => tryCodes(world, look),
      () => tryWrong(world, random, look, WRONG_CALLS),
      () => tryShapes(world.shaped, world.store, look),
      () => tryCallbacks(world.store, look),
      () => tryDuplicates(world, look),
      () => tryValidators(world, look),
      () => tryFailing(world, random, look, KINDS),
      () => tryFrozen(world, look),
      () => tryGoogle(world, look),
      () => tryPasswords(world, look),
      () => tryUsers(world, look),
    ]
    for (const round of random.shuffle(rounds)) await round()
    await world.clear()
  } while (!over.aborted)
  await tryLookup(world, look)
  await tryKilled(world, look)
  for (const code of unmet(look)) tally.lost('each error code', `${code} was never met`)
  tally.tried(LINES, watch.lines())
}

/** Commits a fault, in the one place where it is looked for. */
async function commit(plant: string, world: World, look: Look, watch: Watch): Promise<void> {
  if (plant === 'log') watch.logger.trace({ note: { text: textOf('Planted') } }, 'planted')
  if (plant === 'password') return tryPasswords(world, look, hidePassword)
  await tryCodes(world, look, plant === 'error' ? hideText : undefined)
}
