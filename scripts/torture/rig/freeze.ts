import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Stops processes, so that they answer nothing, while `work` runs. */
export async function freeze<T>(pids: number[], work: () => Promise<T>): Promise<T> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  try {
    /* A busy machine takes its time: what is sent until then is answered. */
    for (const pid of pids) while (!isStopped(pid)) await pause(5)
    return await work()
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}

/** As far as the system tells. */
function isStopped(pid: number): boolean {
  const path = `/proc/${pid}/stat`
  /* The name, in brackets, may hold anything; the state follows it. */
  return !existsSync(path) || /\) T[^)]*$/.test(readFileSync(path, 'utf8'))
}
