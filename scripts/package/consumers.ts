import { cp, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command, install } from './command.ts'
import type { Manifest, Tarball } from './tarball.ts'

const PROGRAMS = fileURLToPath(new URL('consumer', import.meta.url))

/** Folders outside the repo in which the tarball is installed. */
export interface Consumers {
  /** The tarball and mongoose: what a bot has. */
  bot: string
  /** Also every optional peer dependency: for the command line, for tests, and for a type-check. */
  all: string
}

export async function installConsumers(workspace: string, tarball: Tarball): Promise<Consumers> {
  const { peerDependencies: peers, peerDependenciesMeta: meta } = tarball.manifest
  const named = (names: string[]) => names.map((name) => `${name}@${peers[name]}`)
  const names = Object.keys(peers)
  const required = names.filter((name) => !meta[name]?.optional)
  const bot = await createFolder(workspace, 'bot', [tarball.file, ...named(required)])
  const all = await createFolder(workspace, 'all', [tarball.file, ...named(names), '@types/node@20'])
  return { bot, all }
}

async function createFolder(workspace: string, name: string, packages: string[]): Promise<string> {
  const folder = join(await realpath(workspace), name)
  await cp(PROGRAMS, folder, { recursive: true })
  await install(folder, packages)
  return folder
}

/** @throws Error unless Mongoose's driver is the only one */
export async function checkOneDriver(folder: string): Promise<void> {
  const found: { location: string }[] = JSON.parse(
    await command('npm', ['query', '#mongodb'], { cwd: folder }),
  )
  if (found.length !== 1) throw new Error(`installed: ${found.map(({ location }) => location)}`)
}

export interface Run {
  node: string
  folder: string
  /** In consumer/. */
  program: string
  /** Default: none is given. */
  uri?: string
}

export const runProgram = ({ node, folder, program, uri }: Run): Promise<string> =>
  command(node, [program], { cwd: folder, env: { MONGODB_URI: uri, NODE_OPTIONS: undefined } })

/** What no bot needs, and so what importing `dialogue-store` may not load, besides the optional peers. */
const UNNEEDED = ['mongodb-memory-server-core', 'pino']

/** @throws Error if the program fails, or has loaded what it should not have */
export async function runBot(run: Run): Promise<void> {
  const loaded: string[] = JSON.parse(await runProgram(run))
  const drivers = loaded.filter((path) => path.endsWith('/mongodb'))
  if (drivers.length !== 1) throw new Error(`loaded ${drivers.length} copies of mongodb: ${drivers}`)
  const { peerDependenciesMeta }: Manifest = JSON.parse(
    await readFile(join(run.folder, 'node_modules/dialogue-store/package.json'), 'utf8'),
  )
  const names = [...Object.keys(peerDependenciesMeta), ...UNNEEDED]
  const optional = loaded.filter((path) => names.some((name) => path.endsWith(`/node_modules/${name}`)))
  if (optional.length > 0) throw new Error(`loaded what is optional: ${optional}`)
}

/** @throws Error unless the command tells what it can do, or where its packages are missing, what to install */
export async function checkCommand(node: string, { bot, all }: Consumers): Promise<void> {
  const help = (folder: string) =>
    command(node, [join(folder, 'node_modules/dialogue-store/dist/cli.js'), '--help'], { cwd: folder })
  const told = await help(all)
  if (!told.startsWith('Usage: dialogue-store')) throw new Error(`--help says:\n${told}`)
  const refused = await help(bot).then(
    (output) => `nothing is missed:\n${output}`,
    (error: Error) => error.message,
  )
  if (!refused.includes('npm install')) throw new Error(`Without commander: ${refused}`)
}
