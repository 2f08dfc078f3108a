import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import type mongoose from 'mongoose'
import { startLoops } from './loops.ts'

/** What one contestant did in one round. */
export interface Sample {
  /** Operations, not calls: a call that stores a thousand messages counts a thousand. */
  perSecond: number
  /** Of calls, in ms. */
  p50: number
  p99: number
  max: number
  /** Microseconds of the client's processor for an operation, its threads for compression and the like included. */
  cpuMicros: number
  /** The event loop was held up so long, in ms, 99 times of 100 at most. Null where there is none. */
  loopDelay: number | null
  /** What went over the wire for an operation, as the server counts it. Null where it can't be told. */
  commands: number | null
  bytesIn: number | null
  bytesOut: number | null
}

export interface Load {
  /** Loops of one call after the other. */
  callers: number
  ms: number
}

/** Measures calls made in this process, and what they cost the server at `admin`. */
export async function sampleCalls(
  call: () => Promise<unknown>,
  { callers, ms, perCall = 1, admin }: Load & { perCall?: number; admin: mongoose.mongo.Admin },
): Promise<Sample> {
  const network = await networkOf(admin)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpu = process.cpuUsage()
  const stop = startLoops(callers, call)
  await pause(ms)
  const { calls, perSecond, p50, p99, max } = await stop()
  const { user, system } = process.cpuUsage(cpu)
  delay.disable()
  const operations = Math.max(1, calls * perCall)
  const after = await networkOf(admin)
  return {
    perSecond: perSecond * perCall,
    p50,
    p99,
    max,
    cpuMicros: (user + system) / operations,
    loopDelay: delay.percentile(99) / 1e6,
    /* The question itself is one command. */
    commands: (after.requests - network.requests - 1) / operations,
    bytesIn: (after.bytesIn - network.bytesIn) / operations,
    bytesOut: (after.bytesOut - network.bytesOut) / operations,
  }
}

async function networkOf(admin: mongoose.mongo.Admin) {
  const { network } = await admin.command({ serverStatus: 1, repl: 0, metrics: 0, wiredTiger: 0 })
  return {
    requests: Number(network.numRequests),
    bytesIn: Number(network.bytesIn),
    bytesOut: Number(network.bytesOut),
  }
}
