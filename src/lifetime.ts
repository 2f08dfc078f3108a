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
  /* Only their number: a set of the promises makes what they gave outlive collections of garbage. */
  let writing = 0
  let allWritten = () => {}
  const wrote = () => {
    writing--
    if (writing === 0) allWritten()
  }
  let closing: Promise<void> | undefined
  const observer: Observer = {
    log,
    ...(refuse && { refuse }),
    closed: () => (closing ? storeClosed() : undefined),
    track(write) {
      writing++
      write.then(wrote, wrote)
    },
  }
  const finish = async () => {
    const written = new Promise<void>((resolve) => {
      allWritten = resolve
      if (writing === 0) resolve()
    })
    await Promise.allSettled([end(), written])
    await release()
  }
  const close = (): Promise<void> => {
    closing ??= finish()
    return closing
  }
  return { observer, close }
}
