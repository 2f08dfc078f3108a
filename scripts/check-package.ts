import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer } from '../src/testing/index.ts'
import { type Checks, runChecks } from './package/checks.ts'
import {
  type Consumers,
  checkCommand,
  checkOneDriver,
  installConsumers,
  runBot,
  runProgram,
} from './package/consumers.ts'
import { checkMentions } from './package/mentions.ts'
import { installTools, type Tools } from './package/nodes.ts'
import { areTheTypesWrong, checkContents, packPackage, publint, type Tarball } from './package/tarball.ts'
import { typeCheck } from './package/types.ts'

/*
 * Packs the package and uses it as others would: in folders outside the repo, on every supported Node, by
 * `import` and by `require()`, and from TypeScript.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const typescript = join(root, 'node_modules/typescript/bin/tsc')

async function checkTarball(checks: Checks, tarball: Tarball): Promise<void> {
  await checks.run('holds only what is meant to be published', () => checkContents(tarball))
  await checks.run('mentions no place of this machine', () => checkMentions(root, tarball))
  await checks.run('publint', () => publint(tarball, root))
  await checks.run('are the types wrong', () => areTheTypesWrong(tarball, root))
}

async function checkTypes(checks: Checks, { all }: Consumers, { typescript5 }: Tools): Promise<void> {
  const compilers = [
    { name: 'TypeScript 7', tsc: typescript, declarations: true },
    { name: 'TypeScript 5', tsc: typescript5, declarations: false },
  ]
  for (const { name, ...compiler } of compilers) {
    await checks.run(`${name}, nodenext`, () => typeCheck(all, { ...compiler, resolution: 'nodenext' }))
    await checks.run(`${name}, bundler`, () =>
      typeCheck(all, { ...compiler, resolution: 'bundler', declarations: false }),
    )
  }
}

async function checkRuns(checks: Checks, consumers: Consumers, { nodes }: Tools): Promise<void> {
  const { bot, all } = consumers
  const { uri, stop } = await checks.need('start a server', () => startServer({ own: true }))
  for (const { version, path: node } of nodes) {
    const run = (name: string, work: () => Promise<unknown>) => checks.run(`Node ${version}, ${name}`, work)
    await run('import', () => runBot({ node, folder: bot, program: 'import.mjs', uri }))
    await run('require', () => runBot({ node, folder: bot, program: 'require.cjs', uri }))
    await run('optional packages', () => runBot({ node, folder: all, program: 'import.mjs', uri }))
    await run('every subpath', () => runProgram({ node, folder: all, program: 'subpaths.cjs' }))
    await run('command line', () => checkCommand(node, consumers))
    await run('testing on a given server', () =>
      runProgram({ node, folder: bot, program: 'testing.mjs', uri }),
    )
  }
  await stop()
  await checks.run('testing on a server of its own', () =>
    runProgram({ node: process.execPath, folder: all, program: 'testing.mjs' }),
  )
}

await runChecks('package', async (checks, workspace) => {
  const tarball = await checks.need('build and pack', () => packPackage(root, workspace))
  await checkTarball(checks, tarball)
  const consumers = await checks.need('install', () => installConsumers(workspace, tarball))
  const tools = await checks.need('install tools', () => installTools(workspace, tarball.manifest))
  await checks.run('one copy of mongodb', () => checkOneDriver(consumers.bot))
  await checkTypes(checks, consumers, tools)
  await checkRuns(checks, consumers, tools)
})
