import { mkdir, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { command } from './command.ts'

export interface Manifest {
  engines: { node: string }
  exports: Record<string, string | { types: string; default: string }>
  bin: Record<string, string>
  peerDependencies: Record<string, string>
  peerDependenciesMeta: Record<string, { optional?: boolean }>
}

/** The package as it would be published. */
export interface Tarball {
  file: string
  /** Where its files are, unpacked. */
  folder: string
  /** Relative to `folder`. */
  files: string[]
  manifest: Manifest
}

/** Builds, packs (`npm pack` runs the build, as `npm publish` would) and unpacks. */
export async function packPackage(root: string, workspace: string): Promise<Tarball> {
  await command('npm', ['pack', '--pack-destination', workspace], { cwd: root })
  const name = (await readdir(workspace)).find((entry) => entry.endsWith('.tgz'))
  if (!name) throw new Error('npm pack made no tarball')
  const unpacked = join(workspace, basename(name, '.tgz'))
  await mkdir(unpacked)
  await command('tar', ['-xzf', join(workspace, name), '-C', unpacked], { cwd: workspace })
  const folder = join(unpacked, 'package')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  const manifest: Manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  return { file: join(workspace, name), folder, files, manifest }
}

const MEANT =
  /^(dist\/.+\.(js|d\.ts)|docs\/(\w+\.md|bench\/[\w-]+\.svg)|(README|CHANGELOG|SECURITY)\.md|LICENSE|package\.json)$/
const NEEDED = [
  ...['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs/REFERENCE.md', 'package.json'],
  ...['dist/index.js', 'dist/index.d.ts'],
]

/** @throws Error naming each file that should not be in the tarball, or should be and isn't */
export function checkContents({ files }: Tarball): void {
  const faults = [
    ...files.filter((file) => !MEANT.test(file)).map((file) => `${file} is not meant to be published`),
    ...NEEDED.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
  ]
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

export async function publint({ file }: Tarball, root: string): Promise<void> {
  await command(join(root, 'node_modules/.bin/publint'), ['run', file, '--strict'], { cwd: root })
}

/**
 * The package is ESM only. Every Node that it supports can `require()` that, so it is not wrong that a CommonJS
 * program resolves to ESM (`cjs-resolves-to-esm`): the checks below run one. Resolution as Node 10 did it, without
 * `exports`, is not supported (profile `node16`).
 */
export async function areTheTypesWrong({ file }: Tarball, root: string): Promise<void> {
  const rules = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-definitely-typed']
  await command(join(root, 'node_modules/.bin/attw'), [file, ...rules, '--no-color', '--format', 'ascii'], {
    cwd: root,
  })
}
