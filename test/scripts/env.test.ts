import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

const root = new URL('../..', import.meta.url).pathname
/** What variables of ours, of mongodb-memory-server, and of places for caches look like. */
const VARIABLE = /\b(?:MONGODB|MONGOMS|DIALOGUE_STORE|XDG)_[A-Z_]+\b|\bLOCALAPPDATA\b/g
const READ_IN = /process\.env\.([A-Z][A-Z0-9_]+)\b(?! = )/g
/** What a schema of an example's environment has. */
const DECLARED_IN = /^ +([A-Z][A-Z0-9_]+): z\b/gm
/** Every system has it. */
const COMMON = new Set(['PATH'])

/** The sources that are in git, or will be. */
async function readSources(...folders: string[]): Promise<string[]> {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...folders]
  const { stdout } = await promisify(execFile)('git', args, { cwd: root })
  const files = stdout.split('\0').filter((file) => /\.(ts|cjs|js)$/.test(file))
  return Promise.all(files.map((file) => readFile(join(root, file), 'utf8')))
}

const matches = (sources: string[], pattern: RegExp): string[] =>
  sources.flatMap((source) => [...source.matchAll(pattern)].map(([whole, name]) => name ?? whole))

test('.env.example names every variable that is read, in comments only', async () => {
  const [ours, tests] = [await readSources('src', 'scripts'), await readSources('test')]
  const named = new Set([
    ...matches(ours, VARIABLE),
    ...matches([...ours, ...tests], READ_IN),
    ...matches(ours, DECLARED_IN),
  ])
  expect(named).toContain('MONGODB_URI')
  expect(named).toContain('LOCALAPPDATA')
  expect(named).toContain('EVOLUTION_URL')
  const example = await readFile(join(root, '.env.example'), 'utf8')
  const missing = [...named].filter(
    (name) => !COMMON.has(name) && !new RegExp(`^# ${name}=`, 'm').test(example),
  )
  expect(missing).toEqual([])
  expect(example.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
})
