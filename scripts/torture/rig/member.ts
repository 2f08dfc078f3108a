import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename, dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { StartServerOptions, TestServerMember } from '../../../src/testing/index.ts'
import { findMongod } from '../../../src/testing/mongod.ts'
import { argsOf, pidFileArgs } from '../../../src/testing/server.ts'

const POLL_MS = 5

/** Kills a member. Resolves when its process is gone, and its port free. */
export async function killMember({ pid }: TestServerMember): Promise<void> {
  process.kill(pid, 'SIGKILL')
  while (isThere(pid)) await pause(POLL_MS)
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * Starts a member again that was killed: on its port, with its data, and where the server's keeper finds it. Resolves
 * when its process runs, which is before it takes commands.
 * @param options with which its server was started
 */
export async function restartMember(
  { port, directory }: TestServerMember,
  options: StartServerOptions,
): Promise<TestServerMember> {
  const { path } = await findMongod()
  const args = [
    ...['--replSet', 'rs0', '--bind_ip', '127.0.0.1', '--port', `${port}`],
    ...['--dbpath', directory, '--storageEngine', 'wiredTiger'],
    ...argsOf(options),
    ...pidFileArgs(dirname(directory), basename(directory)),
  ]
  const child = spawn(path, args, { detached: true, stdio: 'ignore', windowsHide: true })
  await once(child, 'spawn')
  child.unref()
  if (child.pid === undefined) throw new Error(`The member on port ${port} did not start again.`)
  return { pid: child.pid, port, directory }
}
