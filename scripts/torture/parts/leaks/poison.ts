import { keyOf, textOf, wordOf } from './marks.ts'

/** What a program may pass where something else is expected. Each holds a mark. */
export const POISONS: Record<string, () => unknown> = {
  'long text': () => textOf('Long').repeat(3000),
  'huge text': () => textOf('Huge').repeat(2 ** 16),
  'a lone surrogate': () => `${textOf('Surrogate')}\ud800`,
  NUL: () => `${textOf('Nul')}\0`,
  'an operator': () => ({ $ne: textOf('Operator'), [`$${keyOf('Operator')}`]: 1 }),
  'an object': () => ({ [keyOf('Object')]: textOf('Object') }),
  'an array': () => [textOf('Array'), [textOf('Array')]],
  'a sparse array': () => Object.assign([textOf('Sparse')], { length: 3, [keyOf('Sparse')]: 1 }),
  'a function': () => Object.assign(() => textOf('Function'), { note: textOf('Function') }),
  'a symbol': () => Symbol(textOf('Symbol')),
  'a symbol as key': () => ({ [Symbol(keyOf('Symbol'))]: textOf('SymbolKey') }),
  'a Map': () => new Map([[textOf('MapKey'), textOf('MapValue')]]),
  'an Error': () => new Error(textOf('Error'), { cause: textOf('Cause') }),
  bytes: () => Buffer.from(textOf('Bytes')),
  'a RegExp': () => new RegExp(wordOf('RegExp')),
  'a URL': () => new URL(`https://${wordOf('host')}.example.com/`),
  'a BSON type': () => ({ _bsontype: wordOf('Bson'), value: textOf('Bson') }),
  'an ObjectId that is none': () => ({ _bsontype: 'ObjectId', id: textOf('ObjectId') }),
  'a class': () => new Holder(textOf('Class')),
  'a getter that throws': () => ({
    get [keyOf('Getter')](): never {
      throw new Error(textOf('Getter'))
    },
  }),
  'a Proxy that throws': () => new Proxy({ [keyOf('Proxy')]: 1 }, THROWING),
  'text that is made': () => ({ toString: () => textOf('Made'), toJSON: () => textOf('Made') }),
  'a circle': circle,
  'what is deep': () => deep(200),
  'a date that is none': () => Object.assign(new Date(Number.NaN), { note: textOf('Date') }),
  'an unknown key': () => ({ id: textOf('Id'), [keyOf('Unknown')]: textOf('Unknown') }),
  'a rejected promise': () => {
    const rejected = Promise.reject(new Error(textOf('Promise')))
    rejected.catch(() => {})
    return rejected
  },
}

class Holder {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const throwing = (): never => {
  throw new TypeError(textOf('Trap'), { cause: { text: textOf('Trap') } })
}
const THROWING: ProxyHandler<object> = {
  get: throwing,
  has: throwing,
  ownKeys: throwing,
  getPrototypeOf: throwing,
  getOwnPropertyDescriptor: throwing,
}

function circle(): object {
  const round: Record<string, unknown> = { text: textOf('Circle') }
  round[keyOf('Circle')] = round
  return round
}

function deep(levels: number): unknown {
  let value: unknown = textOf('Deep')
  for (let i = 0; i < levels; i++) value = { [keyOf('Deep')]: value }
  return value
}

type Path = readonly (string | number)[]

/** Where something can be put in arguments: each of them, and all that they hold. */
export function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Date)
    return path.length > 0 ? [path] : []
  const inner = Object.entries(value).flatMap(([key, one]) =>
    placesIn(one, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return path.length > 0 ? [path, ...inner] : inner
}

/** The same arguments with something else in one place. */
export function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by
  if (Array.isArray(value)) return value.map((one, i) => (i === key ? replaced(one, rest, by) : one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name === key ? replaced(one, rest, by) : one]),
  )
}
