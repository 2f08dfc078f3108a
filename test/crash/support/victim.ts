import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TSX } from '../../../scripts/lib/tsx.ts'
import { type Fate, startProxy } from '../../../scripts/torture/rig/proxy.ts'
import { eventually } from '../../testing/fixtures/children.ts'
import { gate } from '../../transactions/support/turns.ts'
import type { Operation, Scene } from './operations.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/victim.ts', import.meta.url))

export interface Order {
  id: number
  /** Which of the victim's stores. */
  store: number
  operation: Operation
  scene: Scene
}

/** What a caller heard: nothing, if their process was killed. */
export type Heard = { value: unknown } | { code: string; outcome: string; cause: string } | { killed: true }

export type Victim = Awaited<ReturnType<typeof startVictim>>

/**
 * Another process, with stores each of which talks through a proxy of its own. The proxies can hold an operation at
 * any of its commands, each at another one; then one signal hits all of them there.
 */
export async function startVictim(
  { port, dbName, timeoutMs = 30_000 }: { port: number; dbName: string; timeoutMs?: number },
  stores: number,
) {
  const proxies = await Promise.all(Array.from({ length: stores }, () => startProxy(port)))
  const args = ['--import', TSX, FIXTURE, dbName, `${timeoutMs}`, ...proxies.map(({ uri }) => uri)]
  const env = { ...process.env, NODE_OPTIONS: undefined }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const waiting = new Map<number, (heard: Heard) => void>()
  const ended = once(child, 'exit').then(([, signal]) => {
    for (const hear of waiting.values()) hear({ killed: true })
    return signal as NodeJS.Signals | null
  })
  const [first] = await Promise.race([once(child, 'message'), ended.then(() => ['ended'])])
  if (first !== 'ready') throw new Error(`The victim did not open its stores: ${first}`)
  child.on('message', ({ id, heard }: { id: number; heard: Heard }) => {
    waiting.get(id)?.(heard)
    waiting.delete(id)
  })

  let orders = 0
  let held = gate()

  function run(store: number, operation: Operation, scene: Scene): Promise<Heard> {
    const id = ++orders
    return new Promise<Heard>((resolve) => {
      waiting.set(id, resolve)
      child.send({ id, store, operation, scene } satisfies Order)
    })
  }

  return {
    stores,
    run,

    /** Runs an operation, and says how many commands that took. */
    async count(operation: Operation, scene: Scene): Promise<number> {
      let commands = 0
      proxies[0]?.judgeBy(() => {
        commands++
        return 'arrives'
      })
      const heard = await run(0, operation, scene)
      if (!('value' in heard)) throw new Error(`${operation} failed: ${JSON.stringify(heard)}`)
      return commands
    },

    /**
     * Runs an operation on a store, up to the command that shall not arrive, nor any after it. Resolves when it is
     * there, or has ended before.
     * @param isTheOne gets the command's number, from 1, and the one that came before it
     */
    async runUpTo(
      store: number,
      operation: Operation,
      scene: Scene,
      isTheOne: (number: number, before: string) => boolean,
    ) {
      const { opened } = held
      const reached = gate()
      let commands = 0
      let before = ''
      let isHeld = false
      proxies[store]?.judgeBy(async (command): Promise<Fate> => {
        commands++
        isHeld ||= isTheOne(commands, before)
        before = command
        if (isHeld) {
          reached.open()
          await opened
        }
        return 'arrives'
      })
      const heard = run(store, operation, scene)
      await Promise.race([reached.opened, heard])
      return { heard, isHeld: () => isHeld }
    },

    async freeze(): Promise<void> {
      child.kill('SIGSTOP')
      await eventually(() => isStopped(child.pid ?? 0))
    },

    /** Lets everybody go on from where they were held. */
    wake(): void {
      held.open()
      held = gate()
      for (const proxy of proxies) proxy.judgeBy(() => 'arrives')
      child.kill('SIGCONT')
    },

    async kill(): Promise<void> {
      child.kill('SIGKILL')
      await ended
      for (const proxy of proxies) proxy.stop()
    },
  }
}

function isStopped(pid: number): boolean {
  try {
    return /^State:\s*[TZ]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return true
  }
}
