/**
 * Listens to signals: one listener a signal, however many follow with it. Node.js warns of more than ten, taking them
 * for a leak.
 */
export function createSignals() {
  const listening = new Map<AbortSignal, { ends: Set<() => void>; abort: () => void }>()

  function begin(signal: AbortSignal) {
    const ends = new Set<() => void>()
    const abort = () => {
      for (const end of ends) end()
    }
    signal.addEventListener('abort', abort)
    const entry = { ends, abort }
    listening.set(signal, entry)
    return entry
  }

  /** Calls `end` when the signal is aborted. Gives what takes that back. */
  return function listen(signal: AbortSignal, end: () => void): () => void {
    const { ends, abort } = listening.get(signal) ?? begin(signal)
    ends.add(end)
    return () => {
      if (!ends.delete(end) || ends.size > 0) return
      listening.delete(signal)
      signal.removeEventListener('abort', abort)
    }
  }
}
