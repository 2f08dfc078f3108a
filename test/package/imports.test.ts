import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { command } from '../../scripts/package/command.ts'

/*
 * The linter's rules of who may import whom, on a program that breaks each of them: a rule that matches nothing
 * is green too.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Two files that import each other, the second one always by `import type`. */
const CYCLES: [name: string, toTheSecond: string][] = [
  ['import-type', "import type { B } from './import-type-b.ts'\nexport type A = B"],
  ['import-typed', "import { type B } from './import-typed-b.ts'\nexport type A = B"],
  ['export-type', "export type { B } from './export-type-b.ts'\nexport type A = string"],
  ['export-all', "export * from './export-all-b.ts'\nexport type A = string"],
  ['import-call', "export type A = string\nexport const b = () => import('./import-call-b.ts')"],
]

const MISSTEPS: [from: string, to: string][] = [
  ['src/json.ts', 'src/db/database.ts'],
  ['src/ids.ts', 'src/log.ts'],
  ['src/db/database.ts', 'src/users/schema.ts'],
  ['src/db/database.ts', 'src/log.ts'],
  ['src/log.ts', 'src/users/schema.ts'],
  ['src/users/users.ts', 'src/contract.ts'],
  ['src/users/read.ts', 'src/migrations/run.ts'],
  ['src/users/users.ts', 'src/messages/edit.ts'],
  ['src/contexts/contexts.ts', 'src/testing/index.ts'],
  ['src/messages/follow/hub.ts', 'src/contract.ts'],
  ['src/messages/follow/hub.ts', 'src/users/users.ts'],
  ['src/migrations/run.ts', 'src/store.ts'],
  ['src/migrations/convert/copy.ts', 'src/store.ts'],
  ['src/migrations/convert/copy.ts', 'src/cli/progress.ts'],
  ['src/check/check.ts', 'src/store.ts'],
  ['src/store.ts', 'src/testing/server.ts'],
  ['src/index.ts', 'src/cli.ts'],
  ['src/db/queue.ts', 'mongodb'],
  ['src/db/queue.ts', 'publint'],
]

const ALLOWED: [from: string, to: string][] = [
  ['src/index.ts', 'src/store.ts'],
  ['src/store.ts', 'src/users/users.ts'],
  ['src/users/users.ts', 'src/users/create.ts'],
  ['src/users/users.ts', 'src/log.ts'],
  ['src/events/schema.ts', 'src/users/schema.ts'],
  ['src/messages/follow/hub.ts', 'src/db/database.ts'],
  ['src/messages/follow/hub.ts', 'src/errors.ts'],
  ['src/messages/follow/hub.ts', 'src/messages/live.ts'],
  ['src/messages/follow/hub.ts', 'src/users/schema.ts'],
  ['src/log.ts', 'src/db/failure.ts'],
  ['src/db/failure.ts', 'src/errors.ts'],
  ['src/migrations/convert/copy.ts', 'src/messages/schema.ts'],
  ['src/cli/migrate.ts', 'src/migrations/run.ts'],
  ['src/cli/check.ts', 'src/check/check.ts'],
  ['src/check/tools.ts', 'src/messages/model.ts'],
  ['src/testing/index.ts', 'src/store.ts'],
  ['src/db/queue.ts', 'mongoose'],
]

let folder: string
/** `src/json.ts: ./db/database.ts` */
let found: string[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dialogue-store-imports-'))
  for (const file of ['package.json', '.gitignore']) await cp(join(root, file), join(folder, file))
  const config = await readFile(join(root, 'biome.jsonc'), 'utf8')
  await writeFile(join(folder, 'biome.jsonc'), config.replace(/"\$schema".*\n/, ''))
  await command('git', ['init', '--quiet'], { cwd: folder })
  for (const [file, code] of Object.entries(program())) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), code)
  }
  found = await lint()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function program(): Record<string, string> {
  const files: Record<string, string> = {}
  for (const [name, toB] of CYCLES) {
    files[`src/db/${name}-a.ts`] = toB
    files[`src/db/${name}-b.ts`] = `import type { A } from './${name}-a.ts'\nexport type B = A[]`
  }
  for (const [from, to] of [...MISSTEPS, ...ALLOWED]) {
    files[from] = `${files[from] ?? ''}import '${specifier(from, to)}'\n`
    if (to.startsWith('src/')) files[to] ??= ''
  }
  return files
}

function specifier(from: string, to: string): string {
  if (!to.startsWith('src/')) return to
  const path = relative(dirname(from), to)
  return path.startsWith('.') ? path : `./${path}`
}

interface Report {
  diagnostics: { location: { path: string; start: { line: number } } }[]
}

/** Each line that the linter complains about, after the name of its file. */
async function lint(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const args = [...scripts['check-imports'].split(' ').slice(1), '--reporter=json', '--max-diagnostics=none']
  const output = await new Promise<string>((resolve) => {
    execFile(join(root, 'node_modules/.bin/biome'), args, { cwd: folder }, (_error, stdout) =>
      resolve(stdout),
    )
  })
  const { diagnostics }: Report = JSON.parse(output)
  const lines = diagnostics.map(async ({ location: { path, start } }) => {
    const code = await readFile(join(folder, path), 'utf8')
    return `${path}: ${code.split('\n')[start.line - 1]}`
  })
  return Promise.all(lines)
}

test.each(CYCLES)('a cycle of types is seen: %s', (name) => {
  for (const file of [`src/db/${name}-a.ts`, `src/db/${name}-b.ts`]) {
    expect(found.filter((line) => line.startsWith(`${file}: `))).toHaveLength(1)
  }
})

test.each(MISSTEPS)('%s may not import %s', (from, to) => {
  expect(found).toContain(`${from}: import '${specifier(from, to)}'`)
})

test.each(ALLOWED)('%s may import %s', (from, to) => {
  expect(found).not.toContain(`${from}: import '${specifier(from, to)}'`)
})

/* What the linter overlooks. */
const TYPE_OF_IMPORT = /typeof import\('\.|\bimport\('\.[^']*'\)\.(?!then|catch|finally)/

test("types are imported at the top, never by import('…').T", async () => {
  expect("type A = import('./b.ts').B").toMatch(TYPE_OF_IMPORT)
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'))
  const codes = await Promise.all(files.map((file) => readFile(join(root, 'src', file), 'utf8')))
  expect(files.filter((_file, index) => TYPE_OF_IMPORT.test(codes[index] ?? ''))).toEqual([])
})
