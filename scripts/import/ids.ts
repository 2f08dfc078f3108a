import { bytesOfName, type Name } from '../lib/name-bytes.ts'

/** An id that is always the same for a name. */
export const idOf = (...name: Name): string => bytesOfName(...name).toString('hex', 0, 12)

/**
 * The same for something that has a time: ids begin with it, which keeps indexes small. History orders messages of
 * one time by their ids, so a source whose times are coarse says the place, a number below 2³², that comes next.
 */
export function timedIdOf(time: Date, place: number | undefined, ...name: Name): string {
  const id = bytesOfName(...name)
  id.writeUInt32BE(Math.floor(time.getTime() / 1000) >>> 0, 0)
  if (place !== undefined) id.writeUInt32BE(place >>> 0, 4)
  return id.toString('hex', 0, 12)
}
