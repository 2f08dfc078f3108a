import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { z } from 'zod'
import type { Rounds } from '../measure/contest.ts'
import { FIGURES, type Outcome } from './outcome.ts'

/** What `--json` writes. */
export interface Report {
  setting: Setting
  outcomes: (Outcome & { scenario: string })[]
}

/** What figures depend on, and so must be told with them. */
export interface Setting extends Rounds {
  date: string
  quick: boolean
  node: string
  mongodb: string
  processor: string
  cores: number
}

export const settingOf = ({
  rounds,
  ms,
  quick,
  mongodb,
}: Rounds & Pick<Setting, 'quick' | 'mongodb'>): Setting => ({
  date: new Date().toISOString(),
  rounds,
  ms,
  quick,
  node: process.versions.node,
  mongodb,
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
})

export const writeReport = (file: string, report: Report): Promise<void> =>
  writeFile(file, `${JSON.stringify(report, null, 2)}\n`)

/** @throws Error of one sentence if there is no such file, or it holds something else */
export async function readReport(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`${file} cannot be read.`)
  })
  const { data, error } = shape.safeParse(parse(text))
  if (data) return data
  const { path = [], message = '' } = error?.issues[0] ?? {}
  throw new Error(`${file} is not what --json writes: ${path.join('.') || 'the whole'}: ${message}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const estimate = z.object({ median: z.number(), low: z.number(), high: z.number() })
const goal = z.union([z.object({ atLeast: z.number() }), z.object({ atMost: z.number() })])

const curve = z.object({
  title: z.string(),
  x: z.object({ label: z.string(), scale: z.enum(['log', 'steps']) }),
  y: z.object({ label: z.string(), scale: z.enum(['log', 'linear']) }),
  lines: z.array(
    z.object({
      name: z.string(),
      points: z.array(z.object({ x: z.union([z.number(), z.string()]), y: estimate })),
      end: z.object({ x: z.number(), why: z.string() }).optional(),
    }),
  ),
})

const outcome = z.object({
  scenario: z.string(),
  title: z.string(),
  rows: z.array(
    z.object({
      name: z.string(),
      figures: z.record(z.enum(FIGURES), estimate.nullable()),
      times: estimate.optional(),
    }),
  ),
  claims: z.array(
    z.object({
      text: z.string(),
      value: estimate,
      unit: z.enum(['×', 'ms', 'MiB', '']),
      goal: goal.optional(),
    }),
  ),
  series: z.array(curve).optional(),
  notes: z.array(z.string()).optional(),
})

const setting = z.object({
  date: z.string(),
  rounds: z.number(),
  ms: z.number(),
  quick: z.boolean(),
  node: z.string(),
  mongodb: z.string(),
  processor: z.string(),
  cores: z.number(),
})

const shape: z.ZodType<Report> = z.object({ setting, outcomes: z.array(outcome) })
