import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { command } from '../../scripts/package/command.ts'
import { checkMentions } from '../../scripts/package/mentions.ts'
import { checkContents, type Tarball } from '../../scripts/package/tarball.ts'

const NEEDED = [
  ...['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs/REFERENCE.md', 'package.json'],
  ...['dist/index.js', 'dist/index.d.ts'],
]
const manifest = {
  engines: { node: '>=20.19' },
  exports: {},
  bin: {},
  peerDependencies: {},
  peerDependenciesMeta: {},
}
const makeTarball = (files: string[], folder = ''): Tarball => ({ file: 'a.tgz', folder, files, manifest })

describe('what the tarball holds', () => {
  test('may be what was built, and what is read', () => {
    const more = ['dist/users/users.js', 'docs/TESTING.md', 'docs/bench/callers-dark.svg']
    expect(() => checkContents(makeTarball([...NEEDED, ...more]))).not.toThrow()
  })

  test.each(['src/index.ts', 'dist/index.js.map', '.env', 'docs/bench/figures.json'])(
    'may not be %s',
    (file) => {
      expect(() => checkContents(makeTarball([...NEEDED, file]))).toThrow(
        `${file} is not meant to be published`,
      )
    },
  )

  test.each(NEEDED)('must be %s', (missing) => {
    const files = NEEDED.filter((file) => file !== missing)
    expect(() => checkContents(makeTarball(files))).toThrow(`${missing} is missing`)
  })
})

/* In pieces, as this file is looked through too. */
const HOME = ['', 'home', 'ann'].join('/')
const LOST = ['..', 'notes', 'plan.md'].join('/')

describe('mentions', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dialogue-store-mentions-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  let made = 0
  /** What is found in a repo, and a tarball, that hold these texts. */
  async function mentions(
    repo: Record<string, string>,
    packed: Record<string, string> = {},
  ): Promise<string> {
    const root = join(folder, `${made++}`)
    const tarball = makeTarball(Object.keys(packed), join(root, 'packed'))
    await writeAll(root, { '.gitignore': 'packed\n', 'docs/GUIDE.md': '', ...repo })
    await writeAll(tarball.folder, packed)
    await command('git', ['init', '--quiet'], { cwd: root })
    return checkMentions(root, tarball).then(
      () => '',
      ({ message }: Error) => message.replaceAll(root, 'ROOT'),
    )
  }

  async function writeAll(root: string, texts: Record<string, string>): Promise<void> {
    for (const [file, text] of Object.entries(texts)) {
      await mkdir(dirname(join(root, file)), { recursive: true })
      await writeFile(join(root, file), text)
    }
  }

  test('of the repo and of the world are none of its business', async () => {
    const guide =
      'See [the reasons](../LICENSE), /tmp, /home/me/x, https://example.org/home/ann and ../src/index.ts.'
    const code = "import { a } from '../../elsewhere/a.ts' // a fixture's"
    const texts = { 'docs/GUIDE.md': guide, LICENSE: '', 'src/index.ts': '', 'test/a.test.ts': code }
    expect(await mentions(texts)).toBe('')
  })

  test.each([
    ['a home', 'a.ts', `// as in ${HOME}/notes`, HOME],
    ['a folder beside the repo', 'README.md', 'Read ../notes/plan.txt first.', '../notes/plan.txt'],
    ['a document that is not there', 'src/a.ts', `// why: ${LOST}`, LOST],
  ])('of %s are found', async (_what, file, text, mention) => {
    expect(await mentions({ [file]: text })).toBe(`${file} mentions ${mention}`)
  })

  test('of the package registry are found', async () => {
    const registry = (await command('npm', ['config', 'get', 'registry'], { cwd: folder })).trim()
    const { host } = new URL(registry)
    expect(await mentions({ 'package-lock.json': registry })).toBe(`package-lock.json mentions ${host}`)
  })

  test('in the tarball are found', async () => {
    const root = join(folder, `${made}`)
    const found = await mentions({}, { 'dist/a.js': `// ${root}/src/a.ts` })
    expect(found.split('\n')).toContain('dist/a.js mentions ROOT')
  })
})
