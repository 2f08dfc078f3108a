import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { command } from './command.ts'
import type { Tarball } from './tarball.ts'

/** Places of one machine: somebody's home, a container's work folder. `/home/me` is anybody's. */
const OF_A_MACHINE = /(?<![\w.@/-])\/(?:home|root|Users|work)\/(?!me\b)[\w.-]+/g
const CODE = /\.([cm]?[jt]s|jsonc)$/
const UPWARDS = /(?<![\w/])(?:\.\.\/)+[\w@](?:[\w./@-]*\w)?/g

/**
 * What only the machine that made it can understand: a path of its own, a path to a file beside the repo, the
 * host of its package registry.
 *
 * @throws Error naming each place
 */
export async function checkMentions(root: string, tarball: Tarball): Promise<void> {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const files = (await command('git', listing, { cwd: root })).split('\0').filter(Boolean)
  const registry = await command('npm', ['config', 'get', 'registry'], { cwd: root })
  const ofHere = [root, `${homedir()}/`, new URL(registry.trim()).host]
  const faults = [
    ...(await Promise.all(files.map((file) => mentionsOf(root, file, ofHere)))),
    ...(await Promise.all(tarball.files.map((file) => mentionsOf(tarball.folder, file, ofHere)))),
  ].flat()
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

async function mentionsOf(base: string, file: string, ofHere: string[]): Promise<string[]> {
  // A file that git lists may just have been deleted.
  const text = await readFile(join(base, file), 'utf8').catch(() => '')
  const upwards = [...text.matchAll(UPWARDS)].map(String)
  const found = [
    ...ofHere.filter((mention) => text.includes(mention)),
    ...[...text.matchAll(OF_A_MACHINE)].map(String),
    ...upwards.filter((path) => isLost(join(base, dirname(file), path))),
  ]
  return [...new Set(found)].map((mention) => `${file} mentions ${mention}`)

  /** In code such a path can be a fixture's; that imports resolve is checked elsewhere. */
  function isLost(path: string): boolean {
    return !existsSync(path) && (!CODE.test(file) || path.endsWith('.md'))
  }
}
