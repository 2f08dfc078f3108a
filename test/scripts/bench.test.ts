import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Estimate } from '../../scripts/bench/measure/statistics.ts'
import type { Report } from '../../scripts/bench/report/file.ts'
import { makeClient } from '../support/store.ts'
import { CONTROL, type Outcome, runScript } from './command.ts'

const SHORT = ['--quick', '--rounds', '2', '--ms', '50', '--only', 'capped', '--peers', 'driver']

const FIGURES = [
  'perSecond',
  'p50',
  'p99',
  'max',
  'cpuMicros',
  'loopDelay',
  'commands',
  'bytesIn',
  'bytesOut',
] as const

/** A median between the bounds of its interval. */
function expectEstimate(value: Estimate | null): void {
  const { median, low, high } = value ?? { median: 0, low: 0, high: 0 }
  expect(median).toBeGreaterThan(0)
  expect(low).toBeLessThanOrEqual(median)
  expect(high).toBeGreaterThanOrEqual(median)
}

describe('npm run bench', () => {
  let folder: string
  let file: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-test-'))
    file = join(folder, 'figures.json')
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  describe('one scenario, against one peer', () => {
    let outcome: Outcome
    let report: Report

    beforeAll(async () => {
      outcome = await runScript('bench', [...SHORT, '--json', file, '--cpu-profile', folder])
      report = JSON.parse(await readFile(file, 'utf8'))
    })

    test('ends well', () => {
      expect(outcome).toMatchObject({ code: 0 })
    })

    test('prints a table of those who took part, and what follows', () => {
      const { stdout } = outcome
      expect(stdout).toMatch(/^ *per second +p50 ms +p99 ms/m)
      const rows = [...stdout.matchAll(/^ {2}(\S[^\d]*?) +[\d,.]+ ±/gm)].map(([, name]) => name)
      expect(rows).toEqual(['dialogue-store', 'mongodb driver'])
      expect(stdout).toMatch(/[✔✘] [\d.]+ × throughput of mongodb driver/)
      expect(stdout).not.toMatch(CONTROL)
    })

    test('writes what the figures depend on', () => {
      expect(report.setting).toMatchObject({ rounds: 2, ms: 50, quick: true, node: process.versions.node })
      expect(report.setting.mongodb).toMatch(/^\d+\.\d+\.\d+/)
    })

    test('writes each figure with its interval', () => {
      expect(report.outcomes.map(({ scenario }) => scenario)).toEqual(['capped'])
      const { rows = [], claims = [] } = report.outcomes[0] ?? {}
      expect(rows.map(({ name }) => name)).toEqual(['dialogue-store', 'mongodb driver'])
      for (const { figures } of rows) for (const name of FIGURES) expectEstimate(figures[name])
      expect(claims[0]).toMatchObject({ text: 'throughput of mongodb driver', goal: { atLeast: 6 } })
      for (const { value } of claims) expectEstimate(value)
    })

    test('writes one profile, of its own turns', async () => {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'))
      expect(names).toEqual([expect.stringMatching(/^storing-a-message-.*-dialogue-store\.cpuprofile$/)])
      const profile: Profiler.Profile = JSON.parse(await readFile(join(folder, names[0] ?? ''), 'utf8'))
      const ids = new Set(profile.nodes.map(({ id }) => id))
      expect(ids.size).toBe(profile.nodes.length)
      expect(profile.samples?.every((id) => ids.has(id))).toBe(true)
      expect(profile.samples).toHaveLength(profile.timeDeltas?.length ?? 0)
      const roots = profile.nodes.filter(({ callFrame }) => callFrame.functionName === '(root)')
      expect(roots).toHaveLength(1)
      const urls = profile.nodes.map(({ callFrame }) => callFrame.url)
      expect(urls.some((url) => url.includes('/dialogue-store-bench/'))).toBe(true)
      expect(urls.some((url) => url.includes('/peers/driver.ts'))).toBe(false)
    })

    test('leaves no database behind', async () => {
      const client = await makeClient()
      const { databases } = await client.db().admin().listDatabases({ nameOnly: true })
      expect(databases.filter(({ name }) => name.startsWith('bench-'))).toEqual([])
    })

    test('prints the same again from the file', async () => {
      const again = await runScript('bench', ['--from', file])
      expect(again).toMatchObject({ code: 0, stdout: outcome.stdout, stderr: '' })
    })
  })

  test.each([
    ['--only', 'There is no scenario "nonsense". --list names them all.'],
    [
      '--peers',
      'There is no peer "nonsense". There are store, driver, mongoose, mongoose-lean, papr, langchain, django.',
    ],
    ['--from', 'nonsense cannot be read.'],
  ])('says in one sentence what is wrong with %s nonsense', async (option, sentence) => {
    const outcome = await runScript('bench', [option, 'nonsense'])
    expect(outcome).toEqual({ code: 1, stdout: '', stderr: `bench: ${sentence}\n` })
  })

  test('takes figures from nothing but what it wrote itself', async () => {
    await writeFile(file, JSON.stringify({ outcomes: [] }))
    const { code, stderr } = await runScript('bench', ['--from', file, '--plots', folder])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^bench: .*figures\.json is not what --json writes: setting: .+\n$/)
  })
})
