import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './bench/peers/install.ts'
import { type Report, readReport } from './bench/report/file.ts'
import { runChecks } from './package/checks.ts'
import { command } from './package/command.ts'

/*
 * Whether the bench still runs, with every peer that npm installs, and draws; and the types of what imports packages of its own. The
 * figures mean nothing.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const SHORT = ['--quick', '--rounds', '2', '--ms', '50']
/** Not Django: it needs a PostgreSQL. */
const PEERS = ['--peers', 'driver', 'mongoose', 'mongoose-lean', 'papr', 'langchain']
const ALL = ['dialogue-store', 'mongodb driver', 'Mongoose', 'Mongoose, lean', 'papr', 'LangChain']
const PLOTS = ['throughput', 'history-length', 'callers', 'fill']
/** A smoke run fills histories and collections; it takes a minute where there is nothing else to do. */
const PATIENCE_MS = 15 * 60_000

async function smoke(workspace: string): Promise<Report> {
  const json = join(workspace, 'bench.json')
  const args = [
    '--import',
    'tsx',
    'scripts/bench.ts',
    ...SHORT,
    ...PEERS,
    '--json',
    json,
    '--plots',
    workspace,
  ]
  await command(process.execPath, args, { cwd: root, timeout: PATIENCE_MS })
  return readReport(json)
}

/** In a table or on a curve. */
function checkPeers({ outcomes }: Report): void {
  const names = outcomes.flatMap(({ rows, series = [] }) =>
    [...rows, ...series.flatMap(({ lines }) => lines)].map(({ name }) => name),
  )
  const missing = ALL.filter((name) => !names.includes(name))
  if (missing.length > 0) throw new Error(`${missing.join(', ')} took no part`)
}

async function checkPlots(folder: string): Promise<void> {
  for (const name of PLOTS) {
    for (const theme of ['light', 'dark']) {
      const svg = await readFile(join(folder, `${name}-${theme}.svg`), 'utf8')
      if (!svg.startsWith('<svg') || /NaN|undefined/.test(svg))
        throw new Error(`${name}-${theme}.svg is not a plot`)
    }
  }
}

await runChecks('bench', async (checks, workspace) => {
  await checks.need('install the peers', ensureInstalled)
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await checks.run('types', () =>
    command(process.execPath, [tsc, '-p', 'scripts/bench/tsconfig.json'], { cwd: root }),
  )
  const report = await checks.need('a short run of all scenarios', () => smoke(workspace))
  await checks.run('every peer took part', async () => checkPeers(report))
  await checks.run('every plot is drawn', () => checkPlots(workspace))
})
