import { storeClosed } from './errors.ts'
import type { Observer } from './log.ts'

/** From open to closed: after `close()` verbs are refused, those under way are waited for, then the connection goes. */
export function createLifetime(
  { log, refuse }: Pick<Observer, 'log' | 'refuse'>,
  release: () => Promise<void>,
) {
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
    await Promise.allSettled(writes)
    await release()
  }
  const close = (): Promise<void> => {
    closing ??= finish()
    return closing
  }
  return { observer, close }
}
