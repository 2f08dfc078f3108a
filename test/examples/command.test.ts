import { expect, test } from '@jest/globals'
import { startExample, uriOf } from './support/example.ts'

const EXAMPLES = ['agent-with-memory', 'telegram-reminders', 'whatsapp-assistant']

async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const example = startExample(args, env)
  example.child.stdin.end()
  const { code } = await example.ended
  return { code, stdout: example.stdout(), stderr: example.stderr() }
}

test('names its examples, and each says more', async () => {
  const outcomes = await Promise.all(
    [['--help'], ...EXAMPLES.map((name) => [name, '--help'])].map((args) => run(args)),
  )
  for (const { code, stderr } of outcomes) expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const [index, name] of EXAMPLES.entries()) {
    expect(outcomes[0]?.stdout).toContain(name)
    expect(outcomes[index + 1]?.stdout).toContain(`scripts/examples/${name}/README.md`)
  }
})

test('refuses what it does not know', async () => {
  const { code, stdout, stderr } = await run(['nonsense'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/unknown command 'nonsense'/)
})

test.each([
  {
    name: 'whatsapp-assistant',
    env: { EVOLUTION_URL: 'http://127.0.0.1:1', LOG_LEVEL: 'loud', TIMEZONE: 'Nowhere', PORT: 's3cret' },
    wrong: ['EVOLUTION_API_KEY', 'EVOLUTION_INSTANCE', 'WEBHOOK_API_KEY', 'LOG_LEVEL', 'TIMEZONE', 'PORT'],
  },
  {
    name: 'telegram-reminders',
    env: { TELEGRAM_BOT_TOKEN: '1:s3cret', GOOGLE_REFRESH_TOKEN: 's3cret' },
    wrong: ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
  },
])('$name says what to set', async ({ name, env, wrong }) => {
  const { code, stderr } = await run([name], { MONGODB_URI: await uriOf('nothing'), ...env })
  expect(code).toBe(1)
  const said = [...stderr.matchAll(/^ {2}(\w+): .*set it/gm)].map(([, variable]) => variable)
  expect(said.sort()).toEqual(wrong.sort())
  expect(stderr).not.toMatch(/s3cret|at .*\.ts:/)
})
