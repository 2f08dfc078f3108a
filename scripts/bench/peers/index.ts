import { driver } from './driver.ts'
import { ensureInstalled } from './install.ts'
import { mongooseDocuments, mongooseLean } from './mongoose.ts'
import type { Peer, Verb, Verbs, With } from './peer.ts'
import { store } from './store.ts'

/** For `--peers`. */
export type PeerName = 'store' | 'driver' | 'mongoose' | 'mongoose-lean' | 'papr' | 'langchain' | 'django'

/** A message is a document, or a history is one document that grows: that cannot be capped, and ends at 16 MiB. */
export type Shape = 'documents' | 'one document'

interface Entry {
  name: PeerName
  /** In tables. */
  title: string
  /** In which it differs from the others, and so takes part. */
  verbs: readonly Verb[]
  shape: Shape
  load(): Promise<Peer>
}

const EVERY = ['storeLine', 'storeLines', 'newest', 'replaceContext', 'mergeContext', 'turn'] as const

/** Ours, and what others would pick, in the order of tables. */
const ENTRIES: readonly Entry[] = [
  { name: 'store', title: store.name, verbs: EVERY, shape: 'documents', load: async () => store },
  { name: 'driver', title: driver.name, verbs: EVERY, shape: 'documents', load: async () => driver },
  {
    name: 'mongoose',
    title: mongooseDocuments.name,
    verbs: EVERY,
    shape: 'documents',
    load: async () => mongooseDocuments,
  },
  {
    name: 'mongoose-lean',
    title: mongooseLean.name,
    /* It writes as the other does. */
    verbs: ['newest', 'turn'],
    shape: 'documents',
    load: async () => mongooseLean,
  },
  { name: 'papr', title: 'papr', verbs: EVERY, shape: 'documents', load: () => loadInstalled('./papr.ts') },
  {
    name: 'langchain',
    title: 'LangChain',
    verbs: ['storeLine', 'newest'],
    shape: 'one document',
    load: () => loadInstalled('./langchain.ts'),
  },
]

/** A file that imports packages of the bench's own: the path is not a literal, so that the root's compiler stays out. */
async function loadInstalled(file: './papr.ts' | './langchain.ts'): Promise<Peer> {
  await ensureInstalled()
  const { peer }: { peer: Peer } = await import(new URL(file, import.meta.url).href)
  return peer
}

/** A peer that takes part in a scenario, for the verbs of which it was chosen. */
export interface ChosenPeer<V extends Verb = Verb> extends Peer<With<V>> {
  short: PeerName
  shape: Shape
}

/** Django is not called in this process: see `remote.ts`. */
export const peerNames: PeerName[] = [...ENTRIES.map(({ name }) => name), 'django']

/** @throws Error of one sentence if there is no such peer */
export function peersNamed(names: string[] = peerNames): PeerName[] {
  const unknown = names.find((name) => !peerNames.some((known) => known === name))
  if (unknown) throw new Error(`There is no peer "${unknown}". There are ${peerNames.join(', ')}.`)
  return peerNames.filter((name) => name === 'store' || names.includes(name))
}

/** Loads those of the named peers that have all of these verbs, and installs them before if need be. */
export function choosePeers<V extends Verb>(
  names: readonly PeerName[],
  verbs: V[],
): Promise<ChosenPeer<V>[]> {
  const chosen = ENTRIES.filter(
    (entry) => names.includes(entry.name) && verbs.every((verb) => entry.verbs.includes(verb)),
  )
  return Promise.all(
    chosen.map(async ({ name: short, title, shape, load }) => {
      const peer = await load()
      return {
        name: title,
        short,
        shape,
        async open(scene) {
          const opened = await peer.open(scene)
          if (hasAll(opened, verbs)) return opened
          throw new Error(`${title} has not all of ${verbs.join(', ')}`)
        },
      }
    }),
  )
}

const hasAll = <V extends Verb>(opened: Verbs, verbs: V[]): opened is With<V> =>
  verbs.every((verb) => opened[verb] !== undefined)

/** A contestant of that name is another's: `LangChain, not capped` too. */
export const isAnothers = (name: string): boolean =>
  ENTRIES.some(({ title }) => title !== store.name && (name === title || name.startsWith(`${title},`)))
