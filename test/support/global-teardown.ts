import './global-setup.ts'

/** A server that `MONGODB_URI` named before is left running: its `stop` does nothing. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.dialogueTestServer?.stop()
}
