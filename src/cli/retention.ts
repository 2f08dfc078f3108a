import { type Retention, retention } from '../config.ts'
import { type Conversion, convertRetention } from '../migrations/convert/convert.ts'
import type { Report } from '../migrations/convert/job.ts'
import { already, type Plan, planConversion } from '../migrations/convert/plan.ts'
import { count, say } from './output.ts'
import { createProgress, type Progress } from './progress.ts'
import { describe } from './status.ts'
import { parseArguments, type Result, type Task } from './task.ts'

/** As they stand on the command line. */
export interface RetentionOptions {
  to: string
  sizeBytes?: string
  maxMessages?: string
  maxAgeMs?: string
  maxPerUser?: string
}

/** @throws UsageError */
export function toRetention({ to, ...limits }: RetentionOptions): Promise<Retention> {
  const { sizeBytes, maxMessages, maxAgeMs, maxPerUser } = limits
  const given = Object.entries({ sizeBytes, maxMessages, maxAgeMs, maxPerUser }).filter(
    ([, text]) => text !== undefined,
  )
  return parseArguments(retention, {
    kind: to,
    ...Object.fromEntries(given.map(([name, text]) => [name, wholeNumber(text)])),
  })
}

/** What is no number stays as it is, for the schema to refuse. */
const wholeNumber = (text: string | undefined): number | string | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : text

export async function convert({ database, dryRun, signal }: Task, wanted: Retention): Promise<Result> {
  if (dryRun) return foresee(await planConversion(database, wanted))
  const screen = createScreen()
  try {
    const done = await convertRetention({ database, wanted, signal, report: screen.report })
    screen.close()
    return { data: { dryRun, ...done }, lines: tell(done) }
  } finally {
    screen.close()
  }
}

function tell({ from, to, messages, fencedMs }: Conversion): string[] {
  if (from.kind === to.kind)
    return [`An earlier run had converted to ${describe(to)}; what it left is tidied up.`]
  return [
    `Converted from ${describe(from)} to ${describe(to)}.`,
    `${count(messages)} messages were copied; writers waited for ${fencedMs} ms.`,
  ]
}

/** @throws DialogueStoreError `INVALID_INPUT` for what the run itself would refuse */
function foresee(plan: Plan): Result {
  const { action, from, to, messages, copied } = plan
  if (action === 'none') throw already(plan, 'would be dropped')
  const lines = {
    begin: `Would convert ${count(messages)} messages from ${describe(from)} to ${describe(to)}.`,
    resume: `Would go on converting from ${describe(from)} to ${describe(to)}: ${count(copied)} of ${count(messages)} messages are copied.`,
    finish: 'Would tidy up after a conversion that was interrupted at its very end.',
  }
  return { data: { dryRun: true, action, from, to, messages, resumed: copied }, lines: [lines[action]] }
}

/** Progress on standard error. */
function createScreen(): { report: Report; close(): void } {
  let progress: Progress | undefined
  const close = () => {
    progress?.stop()
    progress = undefined
  }
  const report: Report = {
    waiting: () => say('Another process is migrating this database. Waiting for it.'),
    copying(total, done) {
      if (done > 0) say(`Going on after ${count(done)} messages that are copied already.`)
      progress = createProgress({ total: Math.max(0, total - done), label: 'Copying', unit: 'messages' })
    },
    copied: (n) => progress?.add(n),
    swapping() {
      close()
      say('All is copied. Taking over what was written meanwhile, and swapping the collections.')
    },
  }
  return { report, close }
}
