import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keep } from '../../src/testing/keeper.ts'

/** Runs checks one after the other, and says how each went. */
export interface Checks {
  /** Goes on when the work fails. */
  run(name: string, work: () => unknown): Promise<void>
  /** What later checks need: rethrows when it fails. */
  need<T>(name: string, work: () => Promise<T>): Promise<T>
  failed(): number
}

/**
 * A program of checks, with a folder that is removed at the end, and after Ctrl-C. Its exit code says whether one has failed.
 * @param name of the folder
 */
export async function runChecks(
  name: string,
  work: (checks: Checks, workspace: string) => Promise<void>,
): Promise<void> {
  const checks = createChecks()
  const workspace = await mkdtemp(join(tmpdir(), `dialogue-store-${name}-`))
  const { release } = keep([workspace])
  try {
    await work(checks, workspace)
  } catch (error) {
    // What was needed has said why it failed; anything else is a fault of the program.
    if (checks.failed() === 0) throw error
  } finally {
    await release()
  }
  process.exitCode = checks.failed() === 0 ? 0 : 1
}

function createChecks(): Checks {
  let failed = 0
  async function need<T>(name: string, work: () => T): Promise<Awaited<T>> {
    const start = performance.now()
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`.padStart(7)
    try {
      const result = await work()
      console.log(`ok     ${seconds()}  ${name}`)
      return result
    } catch (error) {
      failed++
      console.log(`FAILED ${seconds()}  ${name}\n${indented(error)}`)
      throw error
    }
  }
  return {
    need,
    run: (name, work) =>
      need(name, work).then(
        () => {},
        () => {},
      ),
    failed: () => failed,
  }
}

const indented = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/^/gm, '    ')
