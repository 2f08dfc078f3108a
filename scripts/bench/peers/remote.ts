import type { Contestant } from '../measure/contest.ts'
import type { Verbs } from './peer.ts'

export type RemoteVerb = Exclude<keyof Verbs, 'close'>

/** What a contestant of another process begins with. */
export interface RemoteScene {
  users: number
  /** Messages that everybody has. Default 0. */
  history?: number
  /** What is in everybody's context; replacing writes it again with `lastSaid`. Default empty. */
  context?: object
  /** How many lines `storeLines` stores a call. Default 1. */
  perCall?: number
}

/** Where the contestants of such a peer live. */
export interface Host {
  /** Calls the verb in a process of its own, on tables of its own, and measures there. */
  contestant(verb: RemoteVerb, scene: RemoteScene & { texts: string[] }): Promise<Contestant>
  stop(): Promise<void>
}

/** A peer that JavaScript can't call: it measures itself, and tells its figures. */
export interface RemotePeer {
  name: string
  /** @throws Error saying in one sentence what this machine lacks */
  start(): Promise<Host>
}

const TEXTS = 20_000

/** Starts each peer when it is first asked for, once; one that can't be started is left out, with a line about it. */
export function createRemotes(nextText: () => string) {
  const hosts = new Map<RemotePeer, Promise<Host | undefined>>()
  const open: Contestant[] = []
  const startOrSay = (peer: RemotePeer) =>
    peer.start().catch((error: Error) => {
      process.stderr.write(`bench: ${peer.name} is left out: ${error.message}\n`)
      return undefined
    })
  const hostOf = (peer: RemotePeer) => {
    const host = hosts.get(peer) ?? startOrSay(peer)
    hosts.set(peer, host)
    return host
  }
  return {
    /** One contestant, or none: where the peer is left out. */
    async contestants(peer: RemotePeer, verb: RemoteVerb, scene: RemoteScene): Promise<Contestant[]> {
      const host = await hostOf(peer)
      if (!host) return []
      const texts = Array.from({ length: TEXTS }, nextText)
      const contestant = await host.contestant(verb, { ...scene, texts })
      open.push(contestant)
      return [contestant]
    },
    /** Ends the contestants. */
    async clear(): Promise<void> {
      for (let one = open.pop(); one; one = open.pop()) await one.close?.()
    },
    /** Ends the hosts. */
    async stop(): Promise<void> {
      for (const host of await Promise.all(hosts.values())) await host?.stop()
      hosts.clear()
    },
  }
}
