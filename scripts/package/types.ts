import { command } from './command.ts'

/** How a consumer compiles. */
export interface Compiler {
  tsc: string
  /** How it finds the package's types. */
  resolution: 'nodenext' | 'bundler'
  /** Also whether the declarations are right in themselves; with Mongoose's, this takes long. */
  declarations: boolean
}

const PROGRAMS = { nodenext: ['typed.mts', 'commonjs.cts'], bundler: ['typed.mts'] }
/** Of frameworks whose own declarations are not right in themselves. */
const FRAMEWORKS = ['bots.mts']
const STRICT = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess']

/** @throws Error with what the compiler says */
export async function typeCheck(folder: string, { tsc, resolution, declarations }: Compiler): Promise<void> {
  const module = resolution === 'bundler' ? 'esnext' : resolution
  const options = [
    '--target',
    'es2023',
    '--module',
    module,
    '--moduleResolution',
    resolution,
    '--types',
    'node',
  ]
  const compile = (programs: string[], more: string[]) =>
    command(process.execPath, [tsc, ...STRICT, ...options, ...more, ...programs], { cwd: folder })
  await compile(PROGRAMS[resolution], declarations ? [] : ['--skipLibCheck'])
  await compile(FRAMEWORKS, ['--skipLibCheck'])
}
