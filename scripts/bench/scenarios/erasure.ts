import { setTimeout as pause } from 'node:timers/promises'
import { type Latency, startLoops } from '../measure/loops.ts'
import { estimate, ratio } from '../measure/statistics.ts'
import { fillHistory } from '../peers/fill.ts'
import { store } from '../peers/store.ts'
import type { Outcome } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const GIB = 2 ** 30
const WRITERS = 16
const QUIET_MS = 3000

/** How other writers fare while somebody with many messages is erased. */
async function erase(stage: Stage): Promise<Outcome[]> {
  const messages = stage.quick ? 10_000 : 1_000_000
  const rounds = Math.min(stage.rounds, 3)
  const verbs = await stage.open(store, { users: rounds + 1, capBytes: 4 * GIB })
  const write = () => verbs.storeLine(rounds, { sender: 'user', content: stage.nextText() })
  const figures: { quiet: Latency; erasing: Latency; perSecond: number }[] = []
  for (let user = 0; user < rounds; user++) {
    await fillHistory(stage, verbs, user, messages)
    const stopQuiet = startLoops(WRITERS, write)
    await pause(stage.quick ? 300 : QUIET_MS)
    const quiet = await stopQuiet()
    const stop = startLoops(WRITERS, write)
    const begin = performance.now()
    const receipt = await verbs.store.deleteUser(verbs.idOf(user))
    const seconds = (performance.now() - begin) / 1000
    if (receipt.messages !== messages) throw new Error(`the receipt says ${receipt.messages} messages`)
    figures.push({ quiet, erasing: await stop(), perSecond: messages / seconds })
  }
  const p99s = (when: 'quiet' | 'erasing') => figures.map((one) => one[when].p99)
  return [
    {
      title: `Erasing somebody with ${messages.toLocaleString('en')} messages while ${WRITERS} callers store`,
      rows: [],
      claims: [
        { text: 'messages erased a second', value: estimate(figures.map((one) => one.perSecond)), unit: '' },
        { text: 'p99 of the others before', value: estimate(p99s('quiet')), unit: 'ms' },
        { text: 'p99 of the others meanwhile', value: estimate(p99s('erasing')), unit: 'ms' },
        { text: 'as much as before', value: ratio(p99s('erasing'), p99s('quiet')), unit: '×' },
      ],
    },
  ]
}

export const erasure: Scenario = {
  name: 'erasure',
  about: 'how other writers fare while somebody with a million messages is erased',
  run: erase,
}
