import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const STORED = 0
const DEFLATED = 8

interface Entry {
  method: number
  compressed: number
  headerAt: number
}

/**
 * Writes one member of a zip archive to a file. For archives whose checksum has been compared: checks no CRC.
 *
 * @throws Error if there is no such member, or its kind of compression is not one of wheels
 */
export async function extractMember(archive: Buffer, member: string, target: string): Promise<void> {
  const { method, compressed, headerAt } = findEntry(archive, member)
  const dataAt = headerAt + 30 + archive.readUInt16LE(headerAt + 26) + archive.readUInt16LE(headerAt + 28)
  const data = Readable.from([archive.subarray(dataAt, dataAt + compressed)])
  const file = createWriteStream(target, { flags: 'wx', flush: true })
  if (method === DEFLATED) await pipeline(data, createInflateRaw(), file)
  else if (method === STORED) await pipeline(data, file)
  else throw new Error(`${member} is compressed by method ${method}, which is not supported`)
}

/** Sizes are only reliable in the directory at the end of the archive. */
function findEntry(archive: Buffer, member: string): Entry {
  const end = archive.lastIndexOf(signature(END_OF_DIRECTORY))
  if (end < 0) throw new Error('This is not a zip archive')
  let at = archive.readUInt32LE(end + 16)
  for (
    let left = archive.readUInt16LE(end + 10);
    left > 0 && archive.readUInt32LE(at) === DIRECTORY_ENTRY;
    left--
  ) {
    const nameLength = archive.readUInt16LE(at + 28)
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === member) {
      return {
        method: archive.readUInt16LE(at + 10),
        compressed: archive.readUInt32LE(at + 20),
        headerAt: archive.readUInt32LE(at + 42),
      }
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  throw new Error(`The archive has no member ${member}`)
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
