import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startCalendarServer } from '../scripts/calendar-server/index.ts'
import { makeDatabase } from './support/store.ts'

/*
 * Runs what the README and the pages beside it show, type-checked first. The plain examples become one program and share `store` and
 * the first one's `user`; those with a word behind `ts` stand alone, or share what the first of that word has.
 * `value // → expected` is an assertion. A server of this machine stands in for Google's.
 */
const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const IMPORT = /^import .*$\n/gm

interface Example {
  name: string
  code: string
}

const PAGES = ['README.md', 'docs/CALENDAR.md', 'docs/FRAMEWORKS.md']

async function readExamples(): Promise<Example[]> {
  const pages = await Promise.all(PAGES.map((page) => readFile(join(root, page), 'utf8')))
  return [...pages.join('').matchAll(/^```ts *(\w*)\n(.*?)^```$/gms)].map(([, name = '', code = '']) => ({
    name,
    code,
  }))
}

const asserted = (code: string): string =>
  code.replaceAll(/^( *)(\S.*?) \/\/ → (.+)$/gm, '$1assert.deepStrictEqual($2, $3)')

/** The examples after `head`, each in a block of its own but the first, whose `user` the others use. */
function program(head: string, examples: string[], tail = ''): string {
  const imports = new Set(
    [...head.matchAll(IMPORT), ...examples.flatMap((code) => [...code.matchAll(IMPORT)])].map(String),
  )
  const [first = '', ...rest] = examples.map((code) => asserted(code.replaceAll(IMPORT, '')))
  const blocks = [head.replaceAll(IMPORT, ''), first, ...rest.map((code) => `{\n${code}}\n`), tail]
  return ["import assert from 'node:assert/strict'\n", ...imports, ...blocks, 'export {}\n']
    .join('')
    .replaceAll("'dialogue-store/testing'", "'../../src/testing/index.ts'")
    .replaceAll(
      /'dialogue-store\/(grammy|telegraf|botbuilder|langchain|openai-agents)'/g,
      "'../../src/adapters/$1.ts'",
    )
    .replaceAll("'dialogue-store/google-calendar'", "'../../src/google-calendar.ts'")
    .replaceAll("'dialogue-store'", "'../../src/index.ts'")
}

/** What leads to Google leads to its stand-in, which has no server of tokens; a notification goes nowhere. */
const withStandIn = (code: string): string =>
  code
    .replaceAll("version: 'v3'", "version: 'v3', rootUrl: process.env['CALENDAR_URL'] ?? ''")
    .replaceAll('refresh_token', 'access_token')
    .replaceAll('https://bot.example.com/calendar', 'http://127.0.0.1:9/calendar')

const OPENED = `import { openStore } from 'dialogue-store'
const store = await openStore({ uri: process.env.MONGODB_URI ?? '', retention: { kind: 'capped', sizeBytes: 2 ** 24 } })
`
/** Whose events the examples of the calendar are. */
const SOMEBODY = `${OPENED}const { user } = await store.ensureUser({ provider: 'whatsapp', id: '+1' })
`
/** What the bot's platform would do: two messages, the second of them delivered twice. */
const DELIVERIES = `
assert.equal(await onMessage('+1', 'hi', 'a'), 'You said 1 things; the last was "hi".')
const twice = await Promise.all([onMessage('+1', 'again', 'b'), onMessage('+1', 'again', 'b')])
assert.deepEqual(twice.filter(Boolean), ['You said 2 things; the last was "again".'])
await store.close()
`

/** The examples that need a calendar: the README's, and those of the page about it. */
const CALENDARS = ['google', 'calendar']

/** What a chat does, whose platform goes nowhere. */
const CHAT = `
const update = { update_id: 1, message: { message_id: 1, date: 1, text: 'hello', chat: { id: 7, type: 'private' }, from: { id: 7 } } }
bot.botInfo = { id: 1, is_bot: true, first_name: 'Bot', username: 'bot' } as never
for (let i = 0; i < 2; i++) await bot.handleUpdate(update as never)
assert.equal((await store.findUser({ provider: 'telegram', id: '7' }))?.identities.length, 1)
`
/** The examples of adapters: each has the store, and a framework of its own, and is driven to its end. */
const FRAMEWORKS = {
  langchain: '',
  agents: '',
  grammy: `bot.api.config.use(async () => ({ ok: true, result: true as never }))
${CHAT}assert.deepEqual(await storage.read('7'), { visits: 2 })
`,
  telegraf: `const { Telegram } = await import('telegraf')
Telegram.prototype.callApi = async () => true as never
${CHAT}assert.deepEqual(await sessions.get('7:7'), { visits: 2 })
`,
  botbuilder: `for (let logged = 0; logged < 4; await new Promise(setImmediate)) {
  const { channelId, conversation } = adapter.conversation
  logged = (await transcripts.getTranscriptActivities(channelId, conversation.id)).items.length
}
`,
}

describe('README', () => {
  let folder: string
  let examples: Example[]
  beforeAll(async () => {
    folder = await mkdtemp(join(root, 'test/readme-'))
    examples = await readExamples()
    const named = (name: string) =>
      examples.filter((example) => example.name === name).map(({ code }) => code)
    await writeFile(join(folder, 'verbs.ts'), program(OPENED, named(''), 'await store.close()\n'))
    await writeFile(join(folder, 'bot.ts'), program('', named('bot'), DELIVERIES))
    await writeFile(join(folder, 'shapes.ts'), program('', named('shapes')))
    await writeFile(join(folder, 'testing.ts'), program('', named('testing')))
    for (const [name, tail] of Object.entries(FRAMEWORKS))
      await writeFile(
        join(folder, `${name}.ts`),
        program(OPENED, named(name), `${tail}await store.close()\n`),
      )
    for (const name of CALENDARS) {
      const calendar = program(SOMEBODY, named(name), 'await store.close()\n')
      await writeFile(join(folder, `${name}.ts`), withStandIn(calendar))
    }
    const config = {
      extends: '../tsconfig.json',
      compilerOptions: { rootDir: '../..', noUnusedLocals: false },
      include: ['.'],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('shows code that type-checks', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const complaints = await run(process.execPath, [tsc, '-p', folder]).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    )
    expect(complaints).toBe('')
    /* The compiler checks the sources, too, and other tests have the processors meanwhile. */
  }, 180_000)

  async function runsOn(name: string, more: Record<string, string> = {}): Promise<void> {
    const { db, dbName } = await makeDatabase()
    const uri = new URL(process.env.MONGODB_URI ?? '')
    uri.pathname = `/${dbName}`
    const env = { ...process.env, MONGODB_URI: uri.href, NODE_OPTIONS: '', ...more }
    await run(process.execPath, ['--import', 'tsx', join(folder, `${name}.ts`)], { cwd: root, env })
    await db.dropDatabase()
  }

  test.each(['verbs', 'bot', 'shapes', 'testing'])('shows code that does what it says: %s', (name) =>
    runsOn(name),
  )

  test.each(Object.keys(FRAMEWORKS))('shows code that does what it says: %s', (name) =>
    runsOn(name, { BOT_TOKEN: '1:token' }),
  )

  test.each(CALENDARS)('shows code that does what it says: %s', async (name) => {
    const server = await startCalendarServer({ allowHttp: true })
    try {
      const { token } = server.account('ana@example.com')
      await runsOn(name, { CALENDAR_URL: server.url, GOOGLE_REFRESH_TOKEN: token })
    } finally {
      await server.stop()
    }
  })
})
