import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/** Bytes of this process's heap that something still holds: what is only garbage is collected first. */
export function heldHeap(): number {
  collect ??= findCollector()
  collect()
  return process.memoryUsage().heapUsed
}

function findCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
