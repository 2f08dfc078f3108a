import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

/* The rules of .dependency-cruiser.cjs on small programs that break them: a checker that sees nothing is green too. */
const root = fileURLToPath(new URL('../..', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dialogue-store-imports-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What the programs import. */
const PACKAGES = ['mongodb', 'publint', 'semver', 'umzug']

/** The names of the rules that a program with these files breaks. */
async function brokenRules(name: string, files: Record<string, string>): Promise<string[]> {
  const program = join(folder, name)
  await mkdir(program)
  await cp(join(root, 'package.json'), join(program, 'package.json'))
  const packages = PACKAGES.map((used): [string, string] => [`node_modules/${used}/index.js`, ''])
  for (const [file, code] of [...packages, ...Object.entries(files)]) {
    await mkdir(dirname(join(program, file)), { recursive: true })
    await writeFile(join(program, file), code)
  }
  const output = await depcruise(program)
  const { violations }: { violations: { rule: { name: string } }[] } = JSON.parse(output).summary
  return [...new Set(violations.map(({ rule }) => rule.name))].sort()
}

const depcruise = (cwd: string): Promise<string> =>
  new Promise((resolve) => {
    const tool = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
    const args = [tool, 'src', '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json']
    execFile(process.execPath, args, { cwd }, (_error, stdout) => resolve(stdout))
  })

const TO_A = "import type { A } from './a.ts'\nexport type B = A[]"

test.each([
  ['import type', "import type { B } from './b.ts'\nexport type A = B"],
  ['import { type }', "import { type B } from './b.ts'\nexport type A = B"],
  ['export type', "export type { B } from './b.ts'\nexport type A = string"],
  ['export *', "export * from './b.ts'\nexport type A = string"],
])('a cycle of types is seen: %s', async (name, toB) => {
  expect(await brokenRules(name, { 'src/a.ts': toB, 'src/b.ts': TO_A })).toEqual(['no-cycles'])
})

test('a longer cycle is seen', async () => {
  const files = {
    'src/db/a.ts': "import { b } from './b.ts'\nexport const a = () => b()",
    'src/db/b.ts': "import { c } from '../c.ts'\nexport const b = () => c()",
    'src/c.ts': "import type { a } from './db/a.ts'\nexport const c = (): typeof a | undefined => undefined",
  }
  expect(await brokenRules('longer', files)).toEqual(['base-imports-base', 'no-cycles'])
})

test.each([
  ['base-imports-base', 'src/json.ts', 'src/db/database.ts'],
  ['db-imports-base', 'src/db/database.ts', 'src/users/schema.ts'],
  ['log-imports-db-and-base', 'src/log.ts', 'src/users/schema.ts'],
  ['models-know-no-store', 'src/users/users.ts', 'src/contract.ts'],
  ['models-know-no-store', 'src/users/read.ts', 'src/migrations/run.ts'],
  ['models-know-no-other-model', 'src/users/users.ts', 'src/messages/edit.ts'],
  ['migrations-know-no-store', 'src/migrations/run.ts', 'src/store.ts'],
  ['nothing-beside-the-store-is-used-by-it', 'src/store.ts', 'src/testing/server.ts'],
  ['src-does-not-know-who-uses-it', 'src/store.ts', 'test/support/store.ts'],
])('%s: %s may not import %s', async (rule, from, to) => {
  const path = relative(dirname(from), to)
  const files = {
    [from]: `import type { T } from '${path.startsWith('.') ? path : `./${path}`}'\nexport type U = T`,
    [to]: 'export type T = string',
  }
  expect(await brokenRules(`${rule} ${basename(from)}`, files)).toEqual([rule])
})

test("a model may import another's schema", async () => {
  const files = {
    'src/events/schema.ts': "import type { T } from '../users/schema.ts'\nexport type U = T",
    'src/users/schema.ts': 'export type T = string',
  }
  expect(await brokenRules('schema', files)).toEqual([])
})

test.each([
  [
    'no-optional-package-for-a-bot',
    { 'src/index.ts': "export * from './deep.ts'", 'src/deep.ts': "import 'umzug'" },
  ],
  [
    'no-driver-beside-mongoose',
    { 'src/db/database.ts': "import type { Db } from 'mongodb'\nexport type D = Db" },
  ],
  ['no-dev-package-in-src', { 'src/db/database.ts': "import 'publint'" }],
  ['no-undeclared-package', { 'src/db/database.ts': "import 'semver'" }],
  ['no-unresolvable', { 'src/db/database.ts': "import './not-there.ts'" }],
])('%s', async (rule, files) => {
  expect(await brokenRules(rule, files)).toContain(rule)
})

/* The checker doesn't see all of these. */
const TYPE_OF_IMPORT = /typeof import\('\.|\bimport\('\.[^']*'\)\.(?!then|catch|finally)/

test("types are imported at the top, never by import('…').T", async () => {
  expect("type A = import('./b.ts').B").toMatch(TYPE_OF_IMPORT)
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'))
  const codes = await Promise.all(files.map((file) => readFile(join(root, 'src', file), 'utf8')))
  expect(files.filter((_file, index) => TYPE_OF_IMPORT.test(codes[index] ?? ''))).toEqual([])
})
