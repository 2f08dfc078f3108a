/** Runs checks one after the other, and says how each went. */
export interface Checks {
  /** Goes on when the work fails. */
  run(name: string, work: () => unknown): Promise<void>
  /** What later checks need: rethrows when it fails. */
  need<T>(name: string, work: () => Promise<T>): Promise<T>
  failed(): number
}

export function createChecks(): Checks {
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
