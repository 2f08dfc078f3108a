import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { BrokenSource } from './faults.ts'

/**
 * What is gzipped, unpacked. A stream that fails forgets what nobody has read of it yet: so this one is given a piece at
 * a time, and all that it makes of it is taken before the next. Memory holds what is in one piece.
 *
 * @throws BrokenSource after what comes before the fault
 */
export async function* unpack(pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip()
  const unpacked: Uint8Array[] = []
  gunzip.on('data', (chunk) => unpacked.push(chunk))
  async function* madeBy(work: Promise<void>): AsyncGenerator<Uint8Array> {
    const isWhole = await work.then(
      () => true,
      () => false,
    )
    yield* unpacked.splice(0)
    if (!isWhole)
      throw new BrokenSource(`${name} cannot be unpacked to its end: gzip says that it is damaged.`)
  }
  try {
    for await (const piece of pieces) yield* madeBy(written(gunzip, piece))
    yield* madeBy(finished(gunzip.end()))
  } finally {
    gunzip.destroy()
  }
}

/** A stream that fails says nothing more of what it was given. */
const written = (stream: Writable, piece: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.write(piece, () => {
      stream.off('error', reject)
      resolve()
    })
  })
