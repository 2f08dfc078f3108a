import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually, isRunning } from '../testing/fixtures/children.ts'

/* .ci/run with an `npm` of ours: what it counts, and that nothing keeps it from going on. */
const script = fileURLToPath(new URL('../../.ci/run', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dialogue-store-ci-'))
  await mkdir(join(folder, '.ci'))
  await mkdir(join(folder, 'bin'))
  await copyFile(script, join(folder, '.ci/run'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Outcome {
  code: number
  output: string
  lastLine: string | undefined
}

/** @param cases what npm does: lines of a shell's `case "$*" in …` */
async function runCi(cases: string): Promise<Outcome> {
  const npm = `#!/bin/bash\necho "npm $*"\ncase "$*" in\n${cases}\nesac\n`
  await writeFile(join(folder, 'bin/npm'), npm, { mode: 0o755 })
  const env = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` }
  return new Promise((resolve) => {
    execFile('bash', [join(folder, '.ci/run')], { env }, (error, output) => {
      const code = typeof error?.code === 'number' ? error.code : 0
      resolve({ code, output, lastLine: output.trimEnd().split('\n').at(-1) })
    })
  })
}

const PASSING = 'test) echo "40 0" >"$JEST_COUNTS_FILE" ;;'

describe('.ci/run', () => {
  test('runs every check, and counts the tests and one for each other check', async () => {
    const { code, output, lastLine } = await runCi(PASSING)
    expect({ code, lastLine }).toEqual({ code: 0, lastLine: '48 passed, 0 failed' })
    const commands = [...output.matchAll(/^npm (?:run --silent )?(.*)$/gm)].map(([, name]) => name)
    expect(commands).toEqual([
      'ci --no-audit --no-fund',
      'lint',
      'check-types',
      'check-imports',
      'build',
      'check-package',
      'check-bench',
      'test',
    ])
  })

  test('goes on after a failed check', async () => {
    const { code, lastLine } = await runCi(`*lint | *check-package) exit 3 ;;\n${PASSING}`)
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '46 passed, 2 failed' })
  })

  test('counts failed tests', async () => {
    const { code, lastLine } = await runCi('test) echo "38 2" >"$JEST_COUNTS_FILE"; exit 1 ;;')
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '46 passed, 2 failed' })
  })

  test.each([
    ['dies before it counts', 'test) exit 7 ;;', '8 passed, 1 failed'],
    ['runs no test', 'test) echo "0 0" >"$JEST_COUNTS_FILE" ;;', '8 passed, 1 failed'],
    ['fails with no failed test', 'test) echo "5 0" >"$JEST_COUNTS_FILE"; exit 1 ;;', '13 passed, 1 failed'],
  ])('fails when the test command %s', async (_what, cases, lastLine) => {
    expect(await runCi(cases)).toMatchObject({ code: 1, lastLine })
  })

  test('says so when nothing could be installed', async () => {
    const { code, lastLine } = await runCi('ci*) exit 1 ;;')
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '0 passed, 1 failed' })
  })

  const onLinux = process.platform === 'linux' ? test : test.skip
  onLinux(
    'finds, names and ends what a check left running',
    async () => {
      const { code, output, lastLine } = await runCi(
        `*lint) setsid sleep 1234 >/dev/null 2>&1 & ;;\n${PASSING}`,
      )
      expect({ code, lastLine }).toEqual({ code: 1, lastLine: '47 passed, 1 failed' })
      expect(output).toContain('sleep 1234')
      const pid = Number(/^ *(\d+) sleep 1234$/m.exec(output)?.[1])
      await eventually(() => !isRunning(pid))
    },
    30_000,
  )
})
