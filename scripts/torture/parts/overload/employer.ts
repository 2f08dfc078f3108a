import { spawnProgram } from '../../spawned.ts'
import type { BotOptions, Job, Jobs, Request } from './jobs.ts'

export type Bot = Awaited<ReturnType<typeof startBot>>

/** A bot in another process, that is asked for one job after the other. */
export async function startBot(program: string, options: BotOptions) {
  const child = await spawnProgram(program, [JSON.stringify(options)])
  await child.next()
  return {
    /** @throws Error if the bot dies of it */
    ask<J extends Job>(job: J, wants: Jobs[J]['wants']): Promise<Jobs[J]['gives']> {
      const answer = child.next<Jobs[J]['gives']>()
      child.send({ job, wants } satisfies Request)
      return answer
    },
    async end(): Promise<void> {
      child.signal('SIGKILL')
      await child.ended
    },
  }
}
