import type { DateOrder } from '../../../scripts/import/whatsapp/header.ts'

/** A moment on the clock of a phone: as if it were UTC. */
export interface Format {
  name: string
  order: DateOrder
  hasSeconds: boolean
  /** How a phone of that language begins a line. */
  begin(wallTime: Date): string
}

const two = (n: number): string => String(n).padStart(2, '0')

function partsOf(time: Date) {
  const [y, m, d] = [time.getUTCFullYear(), time.getUTCMonth() + 1, time.getUTCDate()]
  const [hour, minute, second] = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()]
  const parts = { y, m, d, yy: two(y % 100), mm: two(m), dd: two(d), H: hour, h: hour % 12 || 12 }
  return { ...parts, HH: two(hour), MM: two(minute), SS: two(second), isPm: hour >= 12 }
}
type Parts = ReturnType<typeof partsOf>

const android = (name: string, order: DateOrder, print: (parts: Parts) => string): Format => ({
  name: `${name}, Android`,
  order,
  hasSeconds: false,
  begin: (time) => `${print(partsOf(time))} - `,
})
const iphone = (name: string, order: DateOrder, print: (parts: Parts) => string): Format => ({
  name: `${name}, iPhone`,
  order,
  hasSeconds: true,
  begin: (time) => `[${print(partsOf(time))}] `,
})

const [NARROW, FIXED] = ['\u202f', '\u00a0']
const half = (am: string, pm: string, { isPm }: Parts): string => (isPm ? pm : am)

export const FORMATS: Format[] = [
  android('pt-BR', 'dmy', ({ dd, mm, y, HH, MM }) => `${dd}/${mm}/${y} ${HH}:${MM}`),
  iphone('pt-BR', 'dmy', ({ dd, mm, yy, HH, MM, SS }) => `${dd}/${mm}/${yy}, ${HH}:${MM}:${SS}`),
  android('en-US', 'mdy', (p) => `${p.m}/${p.d}/${p.yy}, ${p.h}:${p.MM}${NARROW}${half('AM', 'PM', p)}`),
  iphone(
    'en-US',
    'mdy',
    (p) => `${p.m}/${p.d}/${p.yy}, ${p.h}:${p.MM}:${p.SS}${NARROW}${half('AM', 'PM', p)}`,
  ),
  android('en-GB', 'dmy', ({ dd, mm, y, HH, MM }) => `${dd}/${mm}/${y}, ${HH}:${MM}`),
  android('en-IN', 'dmy', (p) => `${p.dd}/${p.mm}/${p.yy}, ${p.h}:${p.MM} ${half('am', 'pm', p)}`),
  android('en-CA', 'ymd', (p) => `${p.y}-${p.mm}-${p.dd}, ${p.h}:${p.MM} ${half('a.m.', 'p.m.', p)}`),
  android('de', 'dmy', ({ dd, mm, yy, HH, MM }) => `${dd}.${mm}.${yy}, ${HH}:${MM}`),
  iphone('de', 'dmy', ({ dd, mm, yy, HH, MM, SS }) => `${dd}.${mm}.${yy}, ${HH}:${MM}:${SS}`),
  android(
    'es',
    'dmy',
    (p) => `${p.d}/${p.m}/${p.y}, ${p.h}:${p.MM}${NARROW}${half(`a.${FIXED}m.`, `p.${FIXED}m.`, p)}`,
  ),
  android('fr', 'dmy', ({ dd, mm, y, HH, MM }) => `${dd}/${mm}/${y} à ${HH}:${MM}`),
  android('it', 'dmy', ({ dd, mm, yy, HH, MM }) => `${dd}/${mm}/${yy}, ${HH}:${MM}`),
  android('nl', 'dmy', ({ dd, mm, y, HH, MM }) => `${dd}-${mm}-${y} ${HH}:${MM}`),
  iphone('fi', 'dmy', ({ d, m, y, H, MM, SS }) => `${d}.${m}.${y} klo ${H}.${MM}.${SS}`),
  android('hu', 'ymd', ({ y, mm, dd, HH, MM }) => `${y}. ${mm}. ${dd}. ${HH}:${MM}`),
  android('sv', 'ymd', ({ y, mm, dd, HH, MM }) => `${y}-${mm}-${dd} ${HH}:${MM}`),
  android('ja', 'ymd', ({ y, mm, dd, HH, MM }) => `${y}/${mm}/${dd} ${HH}:${MM}`),
  iphone('zh-TW', 'ymd', (p) => `${p.y}/${p.m}/${p.d} ${half('上午', '下午', p)}${p.h}:${p.MM}:${p.SS}`),
]
