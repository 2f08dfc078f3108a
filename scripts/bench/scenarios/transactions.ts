import { estimate } from '../measure/statistics.ts'
import { type StoreVerbs, store } from '../peers/store.ts'
import { against, type Outcome, toRows } from '../report/outcome.ts'
import type { Scenario, Stage } from '../scenario.ts'

const GIB = 2 ** 30
const TURN = 'in a transaction'
const PLAIN = 'one after the other'
const CROWD = 40

type Verbs = Pick<StoreVerbs['store'], 'storeMessage' | 'mergeContext'>

/** What a transaction costs a turn of two messages and a context, for callers with a user each. */
async function compareTurns(stage: Stage, callers: number): Promise<Outcome> {
  const title = `A turn of two messages and a context, ${callers === 1 ? 'one caller' : `${callers} callers`}`
  const { store: opened, idOf } = await stage.open(store, { users: callers, capBytes: GIB })
  const free = Array.from({ length: callers }, (_, user) => idOf(user))
  let delivery = 0
  const play = async (verbs: Verbs, userId: string) => {
    const externalId = `delivery ${delivery++}`
    await verbs.storeMessage({ userId, sender: 'user', content: stage.nextText(), externalId })
    await verbs.mergeContext(userId, { turns: delivery })
    await verbs.storeMessage({ userId, sender: 'assistant', content: stage.nextText() })
  }
  const withUser = (work: (userId: string) => Promise<unknown>) => async () => {
    const userId = free.pop() ?? ''
    await work(userId)
    free.push(userId)
  }
  const results = await stage.compete(title, callers, [
    stage.contestant(
      TURN,
      withUser((userId) => opened.withTransaction((tx) => play(tx, userId))),
    ),
    stage.contestant(
      PLAIN,
      withUser((userId) => play(opened, userId)),
    ),
  ])
  await stage.clear()
  return { title, rows: toRows(results), claims: [against(results, TURN, PLAIN).p50()] }
}

/** How often the function runs when many transactions of one user begin at once. */
async function countRuns(stage: Stage): Promise<Outcome> {
  const { store: opened, idOf } = await stage.open(store, { users: 1, capBytes: GIB })
  const userId = idOf(0)
  const perCall: number[] = []
  for (let round = 0; round < stage.rounds; round++) {
    let runs = 0
    const turn = () =>
      opened.withTransaction(async (tx) => {
        runs++
        await tx.storeMessage({ userId, sender: 'user', content: stage.nextText() })
      })
    await Promise.all(Array.from({ length: CROWD }, turn))
    perCall.push(runs / CROWD)
  }
  await stage.clear()
  const text = 'runs of the function for a call'
  return {
    title: `${CROWD} transactions of one user at once`,
    rows: [],
    claims: [{ text, value: estimate(perCall), unit: '', goal: { atMost: 1.2 } }],
  }
}

export const transactions: Scenario = {
  name: 'transactions',
  about: 'what a transaction costs a turn, and many of one user at once',
  run: async (stage) => [await compareTurns(stage, 1), await compareTurns(stage, 16), await countRuns(stage)],
}
