import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename, dirname } from 'node:path'
import type { TestServerMember } from '../../../src/testing/index.ts'
import { findMongod } from '../../../src/testing/mongod.ts'
import { argsOf, pidFileArgs } from '../../../src/testing/server.ts'

/**
 * Starts a member of a set of three again that was killed: on its port, with its data, and where the server's keeper
 * finds it. Resolves when its process runs, which is before it takes commands.
 */
export async function restartMember({ port, directory }: TestServerMember): Promise<TestServerMember> {
  const { path } = await findMongod()
  const args = [
    ...['--replSet', 'rs0', '--bind_ip', '127.0.0.1', '--port', `${port}`],
    ...['--dbpath', directory, '--storageEngine', 'wiredTiger'],
    ...argsOf({ members: 3 }),
    ...pidFileArgs(dirname(directory), basename(directory)),
  ]
  const child = spawn(path, args, { detached: true, stdio: 'ignore', windowsHide: true })
  await once(child, 'spawn')
  child.unref()
  if (child.pid === undefined) throw new Error(`The member on port ${port} did not start again.`)
  return { pid: child.pid, port, directory }
}
