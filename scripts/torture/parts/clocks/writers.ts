import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { TSX } from '../../../lib/tsx.ts'
import type { Attempt } from '../../part.ts'
import type { Ledger } from './ledger.ts'
import type { Order, Report } from './protocol.ts'

const PROGRAM = fileURLToPath(new URL('./writer.ts', import.meta.url))

export interface Writer {
  setClock(shiftMs: number): void
  /** Resolves when all is written, and told to the ledger. */
  write(order: Omit<Order & { kind: 'write' }, 'kind'>, ledger: Ledger): Promise<void>
}

/** A process that writes, with a clock of its own. */
export async function startWriter(
  { uri, dbNames }: { uri: string; dbNames: readonly string[] },
  { defer }: Pick<Attempt, 'defer'>,
): Promise<Writer> {
  /* The URI not as an argument: everybody sees those. */
  const env = { ...process.env, NODE_OPTIONS: undefined, MONGODB_URI: uri }
  const child = spawn(process.execPath, ['--import', TSX, PROGRAM, ...dbNames], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  defer(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const send = (order: Order) => void child.send(order)
  await untilDone(child, () => {})
  return {
    setClock: (shiftMs) => send({ kind: 'clock', shiftMs }),
    write(order, ledger) {
      const done = untilDone(child, (said) => {
        if ('stored' in said) ledger.store(said.stored)
        if ('deleting' in said) ledger.remove(said.deleting)
      })
      send({ kind: 'write', ...order })
      return done
    },
  }
}

function untilDone(child: ChildProcess, hear: (said: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('A writer ended before its work'))
    const onMessage = (said: Report) => {
      hear(said)
      if (!('done' in said || 'failed' in said)) return
      child.off('message', onMessage).off('exit', onExit)
      if ('failed' in said) reject(new Error(`A writer failed: ${said.failed}`))
      else resolve()
    }
    child.on('message', onMessage).on('exit', onExit)
  })
}
