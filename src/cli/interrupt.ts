/** Ctrl-C, or whoever ends processes. */
export class Interrupted extends Error {
  constructor() {
    super('Stopped. Run the same command again, and it goes on from here.')
  }
}

/** Aborts at Ctrl-C, so that what was claimed is given back. A second Ctrl-C ends the process at once. */
export function interruptible(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const stop = () => controller.abort(new Interrupted())
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const name of signals) process.once(name, stop)
  const release = () => {
    for (const name of signals) process.off(name, stop)
  }
  return { signal: controller.signal, release }
}

/** For work that can be left at any point, and cannot be told to stop. */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
