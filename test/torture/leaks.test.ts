import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inspect, promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { TSX } from '../../scripts/lib/tsx.ts'
import { startPart } from '../../scripts/torture/attempt.ts'
import { callsFor } from '../../scripts/torture/parts/leaks/calls.ts'
import { leaks } from '../../scripts/torture/parts/leaks/index.ts'
import { markIn, textOf } from '../../scripts/torture/parts/leaks/marks.ts'
import { makeSubject } from '../../scripts/torture/parts/leaks/subject.ts'
import { makeStore } from '../support/store.ts'
import { expectAllTried } from '../support/tried.ts'
import { expectNothingLost } from './support/attempts.ts'
import { everyVerb } from './support/verbs.ts'

const TIMEOUT_MS = 180_000

test(
  'no text of a user and no password shows, whatever fails',
  async () => {
    expect(await expectNothingLost(leaks, 1)).toHaveLength(11)
  },
  TIMEOUT_MS,
)

test.each([
  ['error', 'each error code'],
  ['log', 'each error code'],
  ['password', 'passwords in URIs'],
])(
  'a fault is reported: %s',
  async (plant, where) => {
    const rows = await startPart(leaks, { ms: 1, seed: 1, plant }).ended
    const lost = rows.filter((row) => row.lost > 0)
    expect(lost).toMatchObject([{ what: where }])
    expect(lost[0]?.details[0]).toMatch(/shows a mark/)
  },
  TIMEOUT_MS,
)

test('every verb is called', async () => {
  const store = await makeStore()
  const { verbs } = await everyVerb(store)
  const calls = callsFor(await makeSubject(store), verbs)
  const where = 'scripts/torture/parts/leaks/calls.ts or beside.ts'
  expectAllTried(
    calls.map(({ verb }) => verb),
    verbs,
    where,
  )
})

test('a mark is found in whatever form it shows', () => {
  for (const before of ['', 'x', 'xy']) {
    const bytes = Buffer.from(before + textOf('Form'))
    const forms = [bytes.toString(), bytes.toString('base64url'), bytes.toString('hex')]
    for (const form of [...forms, inspect(bytes), String([...bytes]), inspect(new Uint8Array(bytes))])
      expect(markIn(form)).toBeDefined()
  }
  expect(markIn('Bia said nothing of the kind')).toBeUndefined()
})

/* In a process of its own: a test's hears neither warnings nor rejections. */
test('a mark is seen wherever a process shows it', async () => {
  const fixture = fileURLToPath(new URL('fixtures/leaky.ts', import.meta.url))
  const env = { ...process.env, NODE_OPTIONS: undefined }
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', TSX, fixture], { env })
  const shown = ['a log line', 'a warning of the process', 'output', 'a rejection that nobody handled']
  expect(JSON.parse(stdout).sort()).toEqual(shown.sort())
})
