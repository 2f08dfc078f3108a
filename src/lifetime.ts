import { storeClosed } from './errors.ts'
import type { Observer } from './log.ts'

/** What there is to do at a store's end. */
interface Endings {
  /** Ends at once what would go on by itself. */
  end(): Promise<void>
  /** When every write is done. */
  release(): Promise<void>
}

/** From open to closed: after `close()` verbs are refused, those under way are waited for, then the connection goes. */
export function createLifetime({ log, refuse }: Pick<Observer, 'log' | 'refuse'>, { end, release }: Endings) {
  const writes = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined
  const observer: Observer = {
    log,
    ...(refuse && { refuse }),
    closed: () => (closing ? storeClosed() : undefined),
    track(write) {
      writes.add(write)
      const forget = () => writes.delete(write)
      write.then(forget, forget)
    },
  }
  const finish = async () => {
    await Promise.allSettled([end(), ...writes])
    await release()
  }
  const close = (): Promise<void> => {
    closing ??= finish()
    return closing
  }
  return { observer, close }
}
