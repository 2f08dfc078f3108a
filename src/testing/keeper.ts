import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'

/**
 * What the keeper runs. A text, not a function or a file: it must be the same from TypeScript sources, from
 * `dist`, and whatever a transpiler adds to functions.
 *
 * When its stdin ends, it kills every process whose pid is in a `*.pid` file of a directory that it keeps
 * (if the process names that directory in its command line: pids are used again), and removes the paths.
 * SIGKILL, because nothing of what they write is kept, and a mongod takes 15 s to leave politely. SIGQUIT where
 * the file is a `*.quit.pid`: for a PostgreSQL, which leaves at once too, and then takes its shared memory with it.
 */
const KEEPER_SOURCE = `
const { execFileSync } = require('node:child_process')
const { readdirSync, readFileSync, rmSync } = require('node:fs')
const { join } = require('node:path')

const attempt = (work, otherwise) => { try { return work() } catch { return otherwise() } }
const commandOf = (pid) =>
  attempt(() => readFileSync('/proc/' + pid + '/cmdline', 'utf8'), () =>
    attempt(() => execFileSync('ps', ['-ww', '-o', 'command=', '-p', pid], { encoding: 'utf8' }), () => ''))
const pidFilesOf = (path) =>
  attempt(() => readdirSync(path), () => []).filter((name) => name.endsWith('.pid')).map((name) => join(path, name))
const signalOf = (file) => (file.endsWith('.quit.pid') ? 'SIGQUIT' : 'SIGKILL')

function clear(path) {
  for (const file of pidFilesOf(path)) {
    const pid = attempt(() => readFileSync(file, 'utf8').trim(), () => '')
    if (/^[0-9]+$/.test(pid) && commandOf(pid).includes(path)) attempt(() => process.kill(Number(pid), signalOf(file)), () => {})
  }
  attempt(() => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }), () => {})
}

process.stdin.resume().once('close', () => process.argv.slice(1).forEach(clear))
`

/** A process that outlives this one for as long as it takes to clear up behind it. */
export interface Keeper {
  /** Clears up now. Resolves when the processes are killed and the paths are gone. */
  release(): Promise<void>
}

/**
 * Sees to it that `paths` are removed, and the processes that work in them are killed, when this process
 * ends: normally, by a signal, or by SIGKILL. The one sign is that the pipe between the two closes, which the
 * system does for any end; so no signal handlers are needed here, and those of the application stay alone.
 *
 * The keeper is in a session of its own: a Ctrl-C in the terminal goes to every process of the foreground
 * group, and must not reach it. It doesn't keep this process alive.
 *
 * @param paths absolute; a directory may hold `*.pid` files
 */
export function keep(paths: string[]): Keeper {
  const child = spawn(process.execPath, ['--input-type=commonjs', '--eval', KEEPER_SOURCE, '--', ...paths], {
    cwd: tmpdir(),
    detached: true,
    // Options meant for the application (a loader, a debugger's port) are not for the keeper.
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  })
  // Without a keeper (no process left to start, or it was killed) release() still removes the paths.
  const ended = once(child, 'exit').catch(() => {})
  child.stdin.on('error', () => {})
  child.unref()
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()

  const release = async () => {
    child.ref()
    child.stdin.end()
    await ended
    for (const path of paths) await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
  return { release }
}
