import { ObjectId } from '../../../../src/ids.ts'
import type { Kind, Payload } from './payloads.ts'
import type { Template } from './table/template.ts'

export type Path = readonly (string | number)[]

/** What stands at a place of a call, and what may stand there. */
export interface Slot {
  path: Path
  /** Stored as it is, and shown by what the verb gives. */
  isKept: boolean
  /** Of a property that the call does not have of itself. */
  isMore: boolean
  takes: ReadonlySet<Kind>
}

/** Keys that nothing knows, or that objects inherit. */
const MORE_KEYS = ['$where', '__proto__', 'constructor', '_bsontype', 'then']

/** Every argument, every property of each, and properties that it should not have. */
export function slotsOf(template: Template, args: readonly unknown[]): Slot[] {
  const paths = pathsIn(args)
  /* One more than it takes. */
  return [...paths, [args.length]].map((path) => ({
    path,
    isKept: isKept(template, path),
    isMore: path.length === 1 ? path[0] === args.length : MORE_KEYS.includes(String(path.at(-1))),
    takes: new Set<Kind>(['absent', ...kindsAt(template, args, path)]),
  }))
}

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (!isHolder(value)) return []
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  const own = keys.flatMap((key) => [[...path, key], ...pathsIn(Reflect.get(value, key), [...path, key])])
  const more = Array.isArray(value) ? [] : MORE_KEYS.map((key) => [...path, key])
  return [...own, ...more]
}

const isHolder = (value: unknown): value is object => {
  if (Array.isArray(value)) return true
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** How deep in JSON a place is: 0 for what has to be an object; undefined if it is no JSON. */
function depthInJson({ json = [], values = [] }: Template, path: Path): number | undefined {
  if (json.some((index) => path[0] === index)) return path.length - 1
  if (values.some((index) => path[0] === index)) return path.length
  const root = path.findIndex((key) => key === 'data' || key === 'metadata')
  return root < 0 ? undefined : path.length - 1 - root
}

const isKept = ({ keeps = [] }: Template, path: Path): boolean => keeps.some((index) => path[0] === index)

const JSON_KINDS: Kind[] = ['json', 'empty object', 'array', 'empty array', 'text', 'number', 'boolean']

function kindsAt(template: Template, args: readonly unknown[], path: Path): Kind[] {
  const isFree = template.free?.some((index) => path[0] === index)
  if (isFree || (path.length === 1 && path[0] === args.length)) return ANY
  const last = path.at(-1)
  const depth = depthInJson(template, path)
  if (depth !== undefined) return depth === 0 ? ['json', 'empty object'] : JSON_KINDS
  if (last === 'states' || last === 'ifStates') return ['json', 'empty object']
  if (path.includes('states') || path.includes('ifStates')) return ['text']
  if (MORE_KEYS.includes(String(last))) return []
  /* Each is several things. */
  if (last === 'count') return ['boolean']
  if (last === 'onConflict') return ['function']
  if (last === 'pending') return ['boolean', ...kindsLike({})]
  /* A patch may be a function that makes it. */
  const made: Kind[] = template.verb === 'updateUser' && path.length === 1 && last === 1 ? ['function'] : []
  return [...made, ...kindsLike(path.reduce<unknown>((value, key) => Object(value)[key], args))]
}

const ANY: Kind[] = [...JSON_KINDS, 'date', 'id', 'function', 'thing', 'odd']

function kindsLike(value: unknown): Kind[] {
  if (value instanceof Date) return ['date']
  if (value instanceof ObjectId) return ['id', 'text']
  if (Array.isArray(value)) return ['empty array']
  switch (typeof value) {
    case 'string':
      return /^[0-9a-f]{24}$/.test(value) ? ['id', 'text'] : ['text']
    case 'number':
      return ['number']
    case 'boolean':
      return ['boolean']
    case 'function':
      return ['function']
    default:
      return ['empty object', 'thing', 'date', 'id']
  }
}

/** The arguments with a payload at one place; nothing else is changed. */
export function injected(args: readonly unknown[], path: Path, payload: unknown): unknown[] {
  const put = (value: unknown, [key, ...rest]: Path): unknown => {
    if (key === undefined) return payload
    const inner = put(Reflect.get(Object(value), key), rest)
    if (Array.isArray(value)) return Object.assign([...value], { [key]: inner })
    const copy = { ...Object(value) }
    Object.defineProperty(copy, key, { value: inner, enumerable: true, configurable: true, writable: true })
    return copy
  }
  const [index, ...rest] = path
  return Object.assign([...args], { [Number(index)]: put(args[Number(index)], rest) })
}

/** Whether what a payload is may be taken at a place. */
export const mayTake = ({ takes }: Slot, { kind }: Payload): boolean => takes.has(kind)
