const FIRST_NAMES = [
  ...[
    'Ana',
    'Bruno',
    'Clara',
    'Diego',
    'Elisa',
    'Fábio',
    'Gabriela',
    'Heitor',
    'Inês',
    'João',
    'Júlia',
    'Kauã',
  ],
  ...['Lívia', 'Mateus', 'Nina', 'Otávio', 'Paula', 'Rafael', 'Sofia', 'Tomás', 'Úrsula', 'Vitória', 'Yara'],
]
const LAST_NAMES = [
  ...['Almeida', 'Barros', 'Conceição', 'Duarte', 'Esteves', 'Figueiredo', 'Guimarães', 'Henriques', 'Leão'],
  ...['Magalhães', 'Nóbrega', 'Oliveira', 'Peixoto', 'Queirós', 'Rezende', 'Simões', 'Teixeira', 'Vieira'],
]

export interface Contact {
  name: string
  email: string
}

/** The name and the address of the person of that number, always the same. Addresses are different, and nobody's. */
export function contactOf(index: number): Contact {
  const first = FIRST_NAMES[index % FIRST_NAMES.length]
  /* The lengths have no common divisor, so that all combinations come before one comes again. */
  const last = LAST_NAMES[index % LAST_NAMES.length]
  const round = Math.floor(index / (FIRST_NAMES.length * LAST_NAMES.length))
  const address = `${first}.${last}${round === 0 ? '' : round + 1}`.normalize('NFD').replace(/\p{M}/gu, '')
  return { name: `${first} ${last}`, email: `${address.toLowerCase()}@example.com` }
}

/** A telephone number that is nobody's: no country has the code 999. */
export const phoneOf = (digits: number | string): string => `+999${String(digits).padStart(8, '0')}`
