import type { ChildProcess } from 'node:child_process'
import { say } from './progress.ts'

/** Enough for the reason that a mongod gives when it aborts, and the backtrace after it. */
const KEPT_CHARACTERS = 48 * 1024
/** By these somebody ends a process on purpose. The others (SIGABRT, SIGSEGV) are its own fault. */
const ASKED_FOR: readonly unknown[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']

/**
 * Says on stderr that a mongod crashed, with the end of its log: every command that its tests send afterwards
 * fails with ECONNREFUSED, which tells nobody why.
 */
export function sayIfItCrashes(mongod: ChildProcess): void {
  let log = ''
  mongod.stdout?.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-KEPT_CHARACTERS)
  })
  mongod.once('close', (code, signal) => {
    if (code === 0 || ASKED_FOR.includes(signal)) return
    say(
      `mongod (process ${mongod.pid}) crashed (${signal ?? `exit code ${code}`}). The end of its log:\n${log}`,
    )
  })
}
