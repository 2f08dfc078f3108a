import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { unpack } from './gunzip.ts'
import type { OnRead } from './item.ts'

/** A file that can be read more than once. */
export interface SourceFile {
  name: string
  /** In bytes, as it lies there. */
  size: number
  /** What is in it, unpacked if it is gzipped, from its beginning. */
  bytes(): AsyncIterable<Uint8Array>
}

const GZIP = Buffer.from([0x1f, 0x8b])
/** In bytes. Unpacked, they may be a thousand times as much. */
const PIECE = 2 ** 14

/** @throws Error of one sentence if there is no such file */
export async function openFile(path: string, onRead: OnRead): Promise<SourceFile> {
  const size = await sizeOf(path)
  const isGzipped = GZIP.equals(await beginningOf(path, GZIP.length))
  const name = basename(path)
  return {
    name,
    size,
    async *bytes() {
      if (isGzipped) yield* unpack(readRaw(path, onRead, PIECE), name)
      else yield* readRaw(path, onRead)
    },
  }
}

async function* readRaw(path: string, onRead: OnRead, highWaterMark?: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path, { highWaterMark })) {
    onRead(chunk.length)
    yield chunk
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read (${error.code}).`,
    )
  })
  if (!found.isFile()) throw new Error(`${path} is not a file: what is in it is read more than once.`)
  return found.size
}

async function beginningOf(path: string, length: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length) })
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
