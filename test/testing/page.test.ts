import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bundlePackage } from '../../scripts/package/build.ts'
import { conformanceCases } from '../../src/testing/conformance/index.ts'
import { makeClient } from '../support/store.ts'
import { processesOf } from './fixtures/children.ts'

/*
 * What docs/TESTING.md shows, each under the runner that it is for, in projects in which the package is installed as
 * bots have it. That the conformance suite runs under all three is seen here, too.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const require = createRequire(import.meta.url)
const run = promisify(execFile)

/** The examples of the page, by the word behind `js`. */
type Examples = Record<string, string>

async function readExamples(): Promise<Examples> {
  const page = await readFile(join(root, 'docs/TESTING.md'), 'utf8')
  const found = [...page.matchAll(/^```js (\S+)\n(.*?)^```$/gms)]
  return Object.fromEntries(found.map(([, name = '', code = '']) => [name, code]))
}

/** Where the page says to put what. */
const PROJECTS = {
  node: { 'bot.test.js': 'node', 'fail.test.js': 'fail', 'conformance.test.js': 'conformance-node' },
  vitest: {
    ...{ 'bot.test.js': 'vitest', 'setup.js': 'setup', 'vitest.config.js': 'vitest-config' },
    'conformance.test.js': 'conformance-vitest',
  },
  jest: {
    ...{ 'bot.test.js': 'jest', 'setup.js': 'setup', 'teardown.js': 'teardown' },
    ...{ 'jest.config.js': 'jest-config', 'conformance.test.js': 'conformance-vitest' },
  },
} as const
type Runner = keyof typeof PROJECTS

const COMMANDS: Record<Runner, string[]> = {
  node: ['--test', '--test-reporter=tap'],
  vitest: [join(require.resolve('vitest/package.json'), '../vitest.mjs'), 'run'],
  jest: ['--experimental-vm-modules', join(require.resolve('jest/package.json'), '../bin/jest.js')],
}

/** Not of the page: whether the setup has reached this file. */
const SHARES = `import { expect, test } from 'vitest'

test('finds the server of all files', () => expect(process.env.MONGODB_URI).toMatch(/^mongodb:/))
`

async function makeProjects(folder: string, examples: Examples): Promise<void> {
  const installed = join(folder, 'node_modules/dialogue-store')
  await bundlePackage(root, join(installed, 'dist'))
  await copyFile(join(root, 'package.json'), join(installed, 'package.json'))
  for (const [runner, files] of Object.entries(PROJECTS)) {
    const project = join(folder, runner)
    await mkdir(join(project, 'tmp'), { recursive: true })
    await writeFile(join(project, 'package.json'), '{ "type": "module" }\n')
    const named = Object.entries({ ...files, 'wrapper.js': 'wrapper' })
    const codes = named.map(([file, name]) => [file, examples[name] ?? ''])
    const all = runner === 'node' ? codes : [...codes, ['server.test.js', SHARES]]
    /* As the page says of the first line. */
    for (const [file = '', code = ''] of all)
      await writeFile(
        join(project, file),
        runner === 'jest' ? code.replace("'vitest'", "'@jest/globals'") : code,
      )
  }
}

/** Of whom no process and no file is to be left. */
const temporary = (folder: string, runner: Runner): string => join(folder, runner, 'tmp')

const PLAIN = { CI: 'true', NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: undefined }

async function runTests(folder: string, runner: Runner, env: NodeJS.ProcessEnv): Promise<string> {
  const outcome = run(process.execPath, COMMANDS[runner], {
    cwd: join(folder, runner),
    env: { ...process.env, ...PLAIN, ...env, TMPDIR: temporary(folder, runner) },
    maxBuffer: 2 ** 26,
  })
  const said = ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`
  return outcome.then(said, (error) => {
    throw new Error(said(error))
  })
}

describe('docs/TESTING.md', () => {
  let folder: string
  let examples: Examples
  let outputs: Record<Runner, Promise<string>>
  beforeAll(async () => {
    folder = await mkdtemp(join(root, 'test/testing/page-'))
    examples = await readExamples()
    await makeProjects(folder, examples)
    const own = { MONGODB_URI: undefined }
    outputs = {
      node: runTests(folder, 'node', {}),
      vitest: runTests(folder, 'vitest', own),
      jest: runTests(folder, 'jest', own),
    }
    for (const output of Object.values(outputs)) output.catch(() => {})
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('has no example that is not run', () => {
    const used = Object.values(PROJECTS).flatMap((files) => Object.values(files))
    expect(Object.keys(examples).sort()).toEqual([...new Set([...used, 'wrapper'])].sort())
  })

  test.each<[Runner, RegExp]>([
    ['node', /^# pass (\d+)$/m],
    ['vitest', /^\s*Tests\s+(\d+) passed/m],
    ['jest', /^Tests:\s+(\d+) passed/m],
  ])(
    'shows tests that pass, and a suite that does: %s',
    async (runner, passed) => {
      const output = await outputs[runner]
      expect(Number(passed.exec(output)?.[1])).toBe(conformanceCases.length + 2)
      expect(output).not.toMatch(/did not exit|open handle|close timed out/i)
    },
    400_000,
  )

  test.each<Runner>(['node', 'vitest', 'jest'])(
    'leaves no process and no file: %s',
    async (runner) => {
      await outputs[runner]
      expect(await processesOf(temporary(folder, runner))).toEqual([])
      const left = await readdir(temporary(folder, runner))
      expect(left.filter((name) => name.startsWith('dialogue-store-'))).toEqual([])
    },
    400_000,
  )

  test('shows code that type-checks', async () => {
    const sources = (subpath: string) => [join(root, 'src', subpath, 'index.ts')]
    const paths = {
      'dialogue-store': sources(''),
      'dialogue-store/testing': sources('testing'),
      'dialogue-store/testing/conformance': sources('testing/conformance'),
    }
    const compilerOptions = { rootDir: '../../..', allowJs: true, checkJs: true, paths }
    const config = { extends: '../../tsconfig.json', compilerOptions, include: ['*/*.js'] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const complaints = await run(process.execPath, [tsc, '-p', folder]).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    )
    expect(complaints).toBe('')
  }, 400_000)

  test('leaves no database on the server that it was given', async () => {
    await outputs.node
    const { databases } = await (await makeClient()).db('admin').admin().listDatabases({ nameOnly: true })
    expect(databases.map(({ name }) => name)).not.toContain('bot')
  })
})
