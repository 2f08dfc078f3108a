import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const NEEDED = ['mongoose', 'pino', 'zod', 'tsx']
let directory: string

/** The sources beside what a bot has installed: none of the optional packages. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dialogue-store-'))
  await cp('src', join(directory, 'src'), { recursive: true })
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  await mkdir(join(directory, 'node_modules'))
  for (const name of NEEDED)
    await symlink(resolve('node_modules', name), join(directory, 'node_modules', name))
})
afterAll(() => rm(directory, { recursive: true }))

const node = (args: string[]) =>
  new Promise<{ code: number | null; output: string }>((done, fail) => {
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], { cwd: directory })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk
      })
    child.once('error', fail)
    child.once('close', (code) => done({ code, output }))
  })

test('without the optional packages, the command line says what to install', async () => {
  expect(await node(['src/cli.ts', 'status'])).toEqual({
    code: 1,
    output:
      'dialogue-store: The command line needs more packages. Run: npm install umzug commander cli-progress\n',
  })
})

test('without them, a bot has all it needs', async () => {
  await writeFile(
    join(directory, 'bot.ts'),
    "import { openStore } from './src/index.ts'\nprocess.stdout.write(typeof openStore)\n",
  )
  expect(await node(['bot.ts'])).toEqual({ code: 0, output: 'function' })
})
