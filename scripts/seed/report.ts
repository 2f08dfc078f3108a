import type { Stats } from '../../src/index.ts'
import { colorsFor } from '../lib/colors.ts'
import type { Filled, Tally } from './fill.ts'
import type { Plan } from './plan.ts'

interface Result {
  database: string
  prefix: string
  plan: Plan
  filled: Filled
  stats: Stats
}

const LABEL = 12
const FIGURE = 14

/** What this run created, what was there, how fast it went, and what the database holds now. */
export function toJson({ plan, filled, ...rest }: Result): string {
  return `${JSON.stringify({ plan, ...filled, perSecond: rateOf(filled), ...rest }, null, 2)}\n`
}

/** The same to be read: coloured in a terminal only. */
export function toText({ database, prefix, plan, filled, stats }: Result): string {
  const { bold, dim } = colorsFor(process.stdout)
  const { users, messages, contexts, events, seconds } = filled
  const row = ([label, { created, present }]: [string, Tally]) =>
    label.padEnd(LABEL) + number(created).padStart(FIGURE) + number(present).padStart(FIGURE)
  return [
    '',
    `${bold(database)}, ${prefix}*: ${plan.source} conversations, random seed ${plan.randomSeed}`,
    dim(`${''.padEnd(LABEL)}${'created'.padStart(FIGURE)}${'were there'.padStart(FIGURE)}`),
    ...Object.entries({ users, messages, contexts, events }).map(row),
    '',
    `${number(messages.created + messages.present)} messages in ${seconds.toFixed(1)} s: ${number(rateOf(filled))} a second.`,
    `The database holds ${number(stats.messages.count)} messages${fullness(stats.messages)}.`,
    '',
  ].join('\n')
}

const rateOf = ({ messages, seconds }: Filled): number =>
  Math.round((messages.created + messages.present) / Math.max(seconds, 0.001))

/** A full capped collection has dropped the oldest. */
function fullness({ fill, capBytes }: Stats['messages']): string {
  if (fill === null || capBytes === null) return ''
  return `; its ${number(Math.round(capBytes / 2 ** 20))} MiB for them are ${Math.round(fill * 100)} % full`
}

const number = (n: number): string => n.toLocaleString('en')
