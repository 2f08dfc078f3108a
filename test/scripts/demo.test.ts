import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { makeClient } from '../support/store.ts'
import { CONTROL, NOWHERE, runScript, startScript } from './command.ts'

/** Databases of demos on the server of the tests. */
async function demoDatabases(): Promise<string[]> {
  const client = await makeClient()
  const { databases } = await client.db().admin().listDatabases({ nameOnly: true })
  return databases.map(({ name }) => name).filter((name) => name.startsWith('dialogue-demo-'))
}

const SMALL = ['--people', '6', '--messages', '1000']

describe('npm run demo', () => {
  test('plays the day on a server of its own, and reads well in a pipe', async () => {
    const { code, stdout, stderr } = await runScript('demo', SMALL, { MONGODB_URI: '' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/Talking: .* messages/) })
    expect(stdout).not.toMatch(CONTROL)
    expect(stderr).not.toMatch(CONTROL)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(94)
    for (const text of [
      /server +MongoDB \d+\.\d+\.\d+, a replica set of one, started for this/,
      /people +6, who share 1,000 messages of real conversations/,
      /First contact +12 first messages at once made 6 users/,
      /Registration +6 have a name/,
      /Rush hour +[\d,]+ messages, all at once, [\d,]+ a second/,
      /\d+ webhooks came twice: stored once, created: false/,
      /Appointments +2 events/,
      /"yes" came 4 times: 2 counted, 2 were STATE_CONFLICT/,
      /History +the newest 12 of \d+ messages/,
      /user +Can you book the dentist for me, please\? +voice, 2.7 s/,
      /cursors +older [\w-]+…[\w-]+, newer none/,
      /summary +Talks about/,
      /Dentist, Rua Augusta 100 +by Ana Almeida/,
      /fill +█+░+ \d+ %/,
      /rate +[\d,]+ messages\/s/,
      /Google Calendar ─+ Google's own client; its server is stood in for by a local one/,
      /Push +2 events are in the calendars of their creators/,
      /"Dentist" is in that of \S+@example\.com: synced/,
      /Pull +"Dentist" was moved there: it starts 60 minutes later here, too/,
      /Conflict +moved on both sides at once, of which google's move was taken/,
      /Rua Augusta 200, which only the bot had changed, is on both sides now/,
      /Erasure +the user is erased, with 1 event here; 0 are left at Google/,
    ]) {
      expect(stdout).toMatch(text)
    }
  })

  test('gives its figures as JSON, and leaves nothing on the server of MONGODB_URI', async () => {
    const { code, stdout } = await runScript('demo', [...SMALL, '--offline', '--json'])
    expect(code).toBe(0)
    const { conversations, rushHour, contexts, stats, ...rest } = JSON.parse(stdout)
    expect(rest).toEqual({
      server: expect.stringContaining('the server of MONGODB_URI'),
      source: 'generated conversations',
      firstContact: { messages: 12, users: 6 },
      registration: { known: 6, unknown: 0 },
      appointments: { events: 2, taken: 2, refused: 2 },
      calendar: { pushed: 2, applied: 1, conflicts: 1, removed: 1, left: 0 },
    })
    /* First contact, registration, and nine lines for each of two appointments. */
    expect(conversations.messages + rushHour.messages).toBe(1000)
    expect(stats).toMatchObject({
      users: 6,
      contexts: 6,
      events: 2,
      messages: { count: 1000 + 12 + 30 + 18 },
    })
    expect(contexts.covered + contexts.pending).toBe(stats.messages.count)
    expect(rushHour.repeats).toBeGreaterThan(10)
    expect(rushHour.voice).toBeGreaterThan(10)
    expect(stats.messages.fill).toBeGreaterThan(0.1)
    expect(await demoDatabases()).toEqual([])
  })

  test('plays with generated conversations where the real ones cannot be had, and says so', async () => {
    const nowhere = await mkdtemp(join(tmpdir(), 'demo-'))
    const env = { DIALOGUE_STORE_CACHE: nowhere, PATH: nowhere }
    const { code, stdout } = await runScript('demo', SMALL, env)
    await rm(nowhere, { recursive: true })
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /of generated conversations\n +real ones cannot be had: there is no Python with pip/,
    )
    expect(stdout).not.toMatch(CONTROL)
  })

  test('cleans up at Ctrl-C, and ends with 130', async () => {
    const { child, ended, says } = startScript('demo', ['--offline', '--messages', '50000'])
    await says('Talking: ')
    expect(await demoDatabases()).toHaveLength(1)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/ in all\ndemo: interrupted\n$/),
    })
    expect(await demoDatabases()).toEqual([])
  })

  test('says in one sentence that the server is out of reach, without the password', async () => {
    const { code, stdout, stderr } = await runScript('demo', SMALL, { MONGODB_URI: NOWHERE })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^demo: MongoDB at 127\.0\.0\.1:1 does not answer within 5 s\. .*\n$/)
    expect(stdout + stderr).not.toContain('s3cret')
  })

  test('explains itself', async () => {
    const { code, stdout } = await runScript('demo', ['--help'])
    expect(code).toBe(0)
    for (const option of ['--people', '--messages', '--offline', '--json']) expect(stdout).toContain(option)
  })

  test.each([{ args: ['--people', '1e2'] }, { args: ['--messages', ''] }, { args: ['nonsense'] }])(
    'refuses $args',
    async ({ args }) => {
      const { code, stdout, stderr } = await runScript('demo', args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^error: .*\n\(--help says more\)\n$/)
    },
  )
})
