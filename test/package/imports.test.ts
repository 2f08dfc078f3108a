import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

/*
 * The rules of .dependency-cruiser.cjs on a program that breaks each of them: a checker that sees nothing is
 * green too.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))

/** By the way in which a type is imported. */
const CYCLES: [string, string][] = [
  ['import-type', "import type { B } from './import-type-b.ts'\nexport type A = B"],
  ['import-typed', "import { type B } from './import-typed-b.ts'\nexport type A = B"],
  ['export-type', "export type { B } from './export-type-b.ts'"],
  ['export-all', "export * from './export-all-b.ts'"],
]

const MISSTEPS: [rule: string, from: string, to: string][] = [
  ['base-imports-base', 'src/json.ts', 'src/db/database.ts'],
  ['db-imports-base', 'src/db/database.ts', 'src/users/schema.ts'],
  ['log-imports-db-and-base', 'src/log.ts', 'src/users/schema.ts'],
  ['models-know-no-store', 'src/users/users.ts', 'src/contract.ts'],
  ['models-know-no-store', 'src/users/read.ts', 'src/migrations/run.ts'],
  ['models-know-no-other-model', 'src/users/users.ts', 'src/messages/edit.ts'],
  ['migrations-know-no-store', 'src/migrations/run.ts', 'src/store.ts'],
  ['nothing-beside-the-store-is-used-by-it', 'src/store.ts', 'src/testing/server.ts'],
  ['nothing-beside-the-store-is-used-by-it', 'src/db/attempt.ts', 'src/cli.ts'],
  ['src-does-not-know-who-uses-it', 'src/store.ts', 'test/support/store.ts'],
  ['no-driver-beside-mongoose', 'src/events/events.ts', 'node_modules/mongodb/index.js'],
  ['no-dev-package-in-src', 'src/events/events.ts', 'node_modules/publint/index.js'],
  ['no-undeclared-package', 'src/events/events.ts', 'node_modules/semver/index.js'],
  ['no-unresolvable', 'src/events/events.ts', 'nowhere'],
]

const ALLOWED: [from: string, to: string][] = [
  ['src/store.ts', 'src/users/users.ts'],
  ['src/events/schema.ts', 'src/users/schema.ts'],
  ['src/users/users.ts', 'src/log.ts'],
  ['src/log.ts', 'src/db/failure.ts'],
  ['src/db/failure.ts', 'src/errors.ts'],
  ['src/cli.ts', 'src/migrations/baseline.ts'],
  ['src/migrations/baseline.ts', 'src/messages/schema.ts'],
  ['src/cli.ts', 'node_modules/umzug/index.js'],
]

/** A bot gets a package that is optional, by way of another file. */
const REACHED: [from: string, to: string][] = [
  ['src/index.ts', 'src/export.ts'],
  ['src/export.ts', 'node_modules/umzug/index.js'],
]

let folder: string
let found: string[]
let inCycles: string[][]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dialogue-store-imports-'))
  await cp(join(root, 'package.json'), join(folder, 'package.json'))
  for (const [file, code] of Object.entries(program())) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), code)
  }
  const violations = await cruise()
  found = violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
  inCycles = violations.flatMap(({ from, cycle }) =>
    cycle ? [[from, ...cycle.map(({ name }) => name)]] : [],
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function program(): Record<string, string> {
  const files: Record<string, string> = {}
  for (const [name, toB] of CYCLES) {
    files[`src/db/${name}-a.ts`] = toB
    files[`src/db/${name}-b.ts`] = `import type { A } from './${name}-a.ts'\nexport type B = A[]`
  }
  for (const [from, to] of [...MISSTEPS.map(([, ...step]) => step), ...ALLOWED, ...REACHED]) {
    files[from] = `${files[from] ?? ''}import '${specifier(from, to)}'\n`
    files[to] ??= ''
  }
  delete files.nowhere
  return files
}

function specifier(from: string, to: string): string {
  const used = /^node_modules\/([^/]+)/.exec(to)?.[1]
  const path = relative(dirname(from), to)
  return used ?? (path.startsWith('.') ? path : `./${path}`)
}

interface Violation {
  rule: { name: string }
  from: string
  to: string
  cycle?: { name: string }[]
}

async function cruise(): Promise<Violation[]> {
  const tool = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [
    tool,
    'src',
    'test',
    '--config',
    join(root, '.dependency-cruiser.cjs'),
    '--output-type',
    'json',
  ]
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (_error, stdout) => resolve(stdout))
  })
  return JSON.parse(output).summary.violations
}

test.each(CYCLES)('a cycle of types is seen: %s', (name) => {
  const members = [`src/db/${name}-a.ts`, `src/db/${name}-b.ts`]
  expect(inCycles.some((cycle) => members.every((member) => cycle.includes(member)))).toBe(true)
})

test.each(MISSTEPS)('%s: %s may not import %s', (rule, from, to) => {
  const path = to === 'nowhere' ? specifier(from, to) : to
  expect(found).toContain(`${rule}: ${from} → ${path}`)
})

test('no-optional-package-for-a-bot: not by way of others either', () => {
  expect(found).toContain('no-optional-package-for-a-bot: src/index.ts → node_modules/umzug/index.js')
})

test.each(ALLOWED)('%s may import %s', (from, to) => {
  expect(found.filter((violation) => violation.endsWith(`${from} → ${to}`))).toEqual([])
})

/* The checker doesn't see all of these. */
const TYPE_OF_IMPORT = /typeof import\('\.|\bimport\('\.[^']*'\)\.(?!then|catch|finally)/

test("types are imported at the top, never by import('…').T", async () => {
  expect("type A = import('./b.ts').B").toMatch(TYPE_OF_IMPORT)
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'))
  const codes = await Promise.all(files.map((file) => readFile(join(root, 'src', file), 'utf8')))
  expect(files.filter((_file, index) => TYPE_OF_IMPORT.test(codes[index] ?? ''))).toEqual([])
})
