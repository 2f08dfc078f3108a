/**
 * Runs a program that ends by itself when its work is done. What goes wrong is said in its own words, without a stack:
 * whoever starts a bot has forgotten a variable more often than found a bug.
 */
export async function runProgram(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}

/** Resolves on the first Ctrl-C or SIGTERM. The next one, of either, finds nobody listening, and ends the process at once. */
export const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM'] as const
    const stop = () => {
      for (const signal of signals) process.off(signal, stop)
      resolve()
    }
    for (const signal of signals) process.on(signal, stop)
  })
