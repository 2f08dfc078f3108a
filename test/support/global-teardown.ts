import { isRunning } from '../testing/fixtures/children.ts'

/** A server that `MONGODB_URI` named before is left running: its `stop` does nothing. */
export default async function globalTeardown(): Promise<void> {
  const server = globalThis.dialogueTestServer
  if (!server) return
  for (const { pid } of server.members) {
    if (!isRunning(pid))
      process.stderr.write(`The mongod that all tests shared (process ${pid}) was gone before they ended.\n`)
  }
  await server.stop()
  // With --watch the next setup runs in this process, and must not take the variable for the user's.
  if (server.members.length > 0) delete process.env.MONGODB_URI
}
