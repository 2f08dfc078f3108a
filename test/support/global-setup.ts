import { startServer, type TestServer } from '../../src/testing/server.ts'

declare global {
  /** Shared by global-setup and global-teardown, which run in one process but see two copies of modules. */
  var dialogueTestServer: TestServer | undefined
}

/** One server for all test files; each of them takes a database of its own. */
export default async function globalSetup(): Promise<void> {
  const server = await startServer({ enableTestCommands: true })
  globalThis.dialogueTestServer = server
  process.env.MONGODB_URI = server.uri
}
