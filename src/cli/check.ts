import { check as find } from '../check/check.ts'
import { type Finding, KINDS, type Part } from '../check/finding.ts'
import { count } from './output.ts'
import { createProgress, type Progress } from './progress.ts'
import type { Result, Task } from './task.ts'

/** Findings of one kind in one collection. */
interface Group extends Pick<Finding, 'kind' | 'collection'> {
  found: number
  repaired: number
  examples: Omit<Finding, 'kind' | 'collection'>[]
}

/** Of each kind; the rest is only counted. */
const SHOWN = 10

export async function check({ database, signal }: Task, fix: boolean): Promise<Result> {
  const groups = new Map<string, Group>()
  const screen = createScreen()
  try {
    for await (const finding of find({ database, fix, signal, progress: screen })) gather(groups, finding)
  } finally {
    screen.close()
  }
  const findings = [...groups.values()].sort(
    (a, b) => KIND_NAMES.indexOf(a.kind) - KIND_NAMES.indexOf(b.kind),
  )
  const found = sum(findings, 'found')
  const left = found - sum(findings, 'repaired')
  const data = { fix, documents: screen.documents(), found, left, findings }
  const lines = [...findings.map((group) => describe(group, fix)), conclude(data)]
  return { data, lines, isBad: left > 0 }
}

const KIND_NAMES = Object.keys(KINDS)

const sum = (groups: Group[], field: 'found' | 'repaired'): number =>
  groups.reduce((total, group) => total + group[field], 0)

function gather(groups: Map<string, Group>, { kind, collection, ...finding }: Finding): void {
  const key = `${kind} ${collection}`
  const group = groups.get(key) ?? { kind, collection, found: 0, repaired: 0, examples: [] }
  groups.set(key, group)
  group.found++
  if (finding.repaired) group.repaired++
  if (group.examples.length < SHOWN) group.examples.push(finding)
}

/** `messages: 12 orphans, whose user is gone, 12 repaired: 6650…, 6650… and 10 more`. */
function describe({ kind, collection, found, repaired, examples }: Group, fix: boolean): string {
  const ids = examples.map(({ id, detail, failure }) => {
    const notes = [detail, failure].filter(Boolean).join(', ')
    return notes ? `${id} (${notes})` : id
  })
  const rest = found > ids.length ? ` and ${count(found - ids.length)} more` : ''
  const done = fix ? `, ${count(repaired)} repaired` : ''
  return `${collection}: ${KINDS[kind]}: ${count(found)}${done}\n  ${ids.join(', ')}${rest}`
}

interface Summary {
  fix: boolean
  documents: number
  found: number
  left: number
}

function conclude({ fix, documents, found, left }: Summary): string {
  const looked = `${count(documents)} documents were looked at`
  if (found === 0) return `Nothing is wrong. ${looked}.`
  if (!fix) return `${count(found)} things are wrong. ${looked}. What is safe to repair is repaired by --fix.`
  if (left === 0) return `All ${count(found)} things that were wrong are repaired. ${looked}.`
  return `${count(left)} of ${count(found)} things that were wrong are left. ${looked}.`
}

/** Progress on standard error. */
function createScreen() {
  let progress: Progress | undefined
  let documents = 0
  let isCounting = false
  return {
    begin(what: Part, total: number) {
      progress?.stop()
      isCounting = what === 'documents'
      progress = createProgress({ total, label: 'Checking', unit: what })
    },
    looked(n: number) {
      if (isCounting) documents += n
      progress?.add(n)
    },
    documents: () => documents,
    close: () => progress?.stop(),
  }
}
