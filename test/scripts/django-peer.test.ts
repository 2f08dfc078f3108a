import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { startLines } from '../../scripts/bench/peers/django/lines.ts'
import { findPostgres } from '../../scripts/bench/peers/django/postgres.ts'
import { createRemotes, type RemotePeer } from '../../scripts/bench/peers/remote.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'django-peer-'))
})
afterEach(async () => {
  jest.restoreAllMocks()
  await rm(directory, { recursive: true, force: true })
})

const MISSING = 'there is no PostgreSQL (initdb, postgres) here. Debian: apt-get install postgresql'

async function install(folder: string, ...programs: string[]): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const program of programs) await writeFile(join(folder, program), '', { mode: 0o755 })
  return folder
}
const ALL = ['initdb', 'postgres', 'createdb', 'dropdb']

test('without PostgreSQL it is said what to install', async () => {
  await expect(findPostgres('', join(directory, 'nowhere'))).rejects.toEqual(new Error(MISSING))
})

test('a folder of PATH with the client alone is none', async () => {
  const client = await install(join(directory, 'client'), 'createdb', 'dropdb')
  await expect(findPostgres(client, directory)).rejects.toEqual(new Error(MISSING))
})

test("the newest of Debian's versions is taken, and PATH before it", async () => {
  const debian = join(directory, 'postgresql')
  for (const version of ['9', '15', '16']) await install(join(debian, version, 'bin'), ...ALL)
  const own = await install(join(directory, 'own'), ...ALL)
  expect(await findPostgres('', debian)).toBe(join(debian, '16', 'bin'))
  expect(await findPostgres(own, debian)).toBe(own)
})

const startScript = (script: string) =>
  startLines(process.execPath, ['--eval', script, directory], { keptIn: directory })

test('a process answers one line with another, and ends with its stdin', async () => {
  const echo = await startScript(`
    require('node:readline').createInterface({ input: process.stdin })
      .on('line', (line) => console.log(JSON.stringify({ heard: JSON.parse(line) })))`)
  expect(await echo.ask({ do: 'open', text: 'olá\n' })).toEqual({ heard: { do: 'open', text: 'olá\n' } })
  expect(await echo.ask({ n: 2 })).toEqual({ heard: { n: 2 } })
  await echo.stop()
})

test('what a process answers as an error is thrown', async () => {
  const failing = await startScript(`
    process.stdin.on('data', () => console.log(JSON.stringify({ error: 'ValueError: 3 messages' })))
      .on('end', () => process.exit())`)
  await expect(failing.ask({})).rejects.toEqual(new Error('ValueError: 3 messages'))
  await failing.stop()
})

test('a process that dies instead of answering is told with its last words', async () => {
  const dying = await startScript(`
    process.stdin.on('data', () => { console.error('no such table'); process.exitCode = 3; process.stdin.destroy() })`)
  await expect(dying.ask({})).rejects.toEqual(new Error('the process ended (3): no such table'))
  await dying.stop()
})

const silent = {
  perSecond: 1,
  p50: 1,
  p99: 1,
  max: 1,
  cpuMicros: 1,
  loopDelay: null,
  commands: null,
  bytesIn: null,
  bytesOut: null,
}

test('a peer that cannot start is left out, with one line, once', async () => {
  const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
  const start = jest.fn<RemotePeer['start']>().mockRejectedValue(new Error(MISSING))
  const remotes = createRemotes(() => 'text')
  const peer = { name: 'Django', start }
  expect(await remotes.contestants(peer, 'turn', { users: 1 })).toEqual([])
  expect(await remotes.contestants(peer, 'newest', { users: 1 })).toEqual([])
  expect(written.mock.calls).toEqual([[`bench: Django is left out: ${MISSING}\n`]])
  expect(start).toHaveBeenCalledTimes(1)
  await remotes.stop()
})

test('a peer starts once for all its contestants, and ends after them', async () => {
  const log: string[] = []
  const contestant = async (name: string) => ({
    name,
    sample: async () => silent,
    close: async () => void log.push(`close ${name}`),
  })
  const start = async () => {
    log.push('start')
    return { contestant, stop: async () => void log.push('stop') }
  }
  const remotes = createRemotes(() => 'text')
  const peer = { name: 'Django', start }
  await Promise.all([
    remotes.contestants(peer, 'turn', { users: 1 }),
    remotes.contestants(peer, 'newest', { users: 1 }),
  ])
  await remotes.clear()
  await remotes.clear()
  await remotes.stop()
  expect(log).toEqual(['start', expect.stringMatching('close'), expect.stringMatching('close'), 'stop'])
})
