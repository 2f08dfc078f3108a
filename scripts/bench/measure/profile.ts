import { mkdir, writeFile } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import type { Contestant } from './contest.ts'

export interface Profiled extends Contestant {
  /** Writes what was seen as one file into the folder. */
  write(folder: string, label: string): Promise<void>
}

/** The contestant, with a profile of its turns but the first one, which warms up. */
export function profiled(contestant: Contestant): Profiled {
  const profiles: Profiler.Profile[] = []
  let turns = 0
  return {
    ...contestant,
    async sample(load) {
      if (turns++ === 0) return contestant.sample(load)
      const session = new Session()
      session.connect()
      try {
        await session.post('Profiler.enable')
        await session.post('Profiler.start')
        const sample = await contestant.sample(load)
        profiles.push((await session.post('Profiler.stop')).profile)
        return sample
      } finally {
        session.disconnect()
      }
    },
    async write(folder, label) {
      await mkdir(folder, { recursive: true })
      const file = `${toFileName(`${label}, ${contestant.name}`)}.cpuprofile`
      await writeFile(join(folder, file), JSON.stringify(mergeProfiles(profiles)))
    },
  }
}

const toFileName = (label: string): string =>
  label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

/** One profile of several, of one process, as if they had followed one another: the same way of calls is one node. */
export function mergeProfiles(profiles: Profiler.Profile[]): Profiler.Profile {
  const merged = createTree()
  const samples: number[] = []
  const timeDeltas: number[] = []
  for (const { nodes, ...profile } of profiles) {
    const ids = merged.add(nodes)
    for (const id of profile.samples ?? []) samples.push(ids.get(id) ?? 0)
    for (const delta of profile.timeDeltas ?? []) timeDeltas.push(delta)
  }
  const startTime = profiles[0]?.startTime ?? 0
  const endTime = timeDeltas.reduce((time, delta) => time + delta, startTime)
  return { nodes: merged.nodes, startTime, endTime, samples, timeDeltas }
}

function createTree() {
  const nodes: Profiler.ProfileNode[] = []
  const known = new Map<string, Profiler.ProfileNode>()
  const place = ({ callFrame }: Profiler.ProfileNode, parent: Profiler.ProfileNode | undefined) => {
    const { functionName, scriptId, lineNumber, columnNumber } = callFrame
    const key = `${parent?.id} ${scriptId}:${lineNumber}:${columnNumber} ${functionName}`
    const node = known.get(key) ?? { id: nodes.length + 1, callFrame, hitCount: 0, children: [] }
    if (!known.has(key)) {
      known.set(key, node)
      nodes.push(node)
      parent?.children?.push(node.id)
    }
    return node
  }
  return {
    nodes,
    /** @returns what these nodes are called in the tree; parents come before their children */
    add(added: Profiler.ProfileNode[]): Map<number, number> {
      const parents = new Map(added.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
      const placed = new Map<number, Profiler.ProfileNode>()
      for (const node of added) {
        const into = place(node, placed.get(parents.get(node.id) ?? 0))
        into.hitCount = (into.hitCount ?? 0) + (node.hitCount ?? 0)
        placed.set(node.id, into)
      }
      return new Map([...placed].map(([id, node]) => [id, node.id]))
    },
  }
}
