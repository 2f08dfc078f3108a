import type { Person } from './scene.ts'

/** Whatever may be given as a cursor, or as a place to follow from: of somebody else, of another kind, forged. */
export function cursorsFor(attacker: Person, bystander: Person): Record<string, string> {
  const foreign = [
    ...(['cursor', 'older', 'newer', 'covers', 'live', 'resume', 'usersCursor', 'eventsCursor'] as const),
  ].flatMap((kind) => [
    [`the bystander's ${kind}`, bystander[kind]],
    [`one's own ${kind}`, attacker[kind]],
    [`the bystander's ${kind}, cut`, bystander[kind].slice(0, -1)],
    [`one's own ${kind}, cut`, attacker[kind].slice(0, 10)],
    [`one's own ${kind}, and more`, `${attacker[kind]}AAAA`],
    [`one's own ${kind}, padded`, `${attacker[kind]}=`],
    [`one's own ${kind}, in capitals`, attacker[kind].toUpperCase()],
    [`one's own ${kind}, of another version`, changed(attacker[kind], 0, 2)],
    [`one's own ${kind}, with a bit turned`, turned(attacker[kind])],
  ])
  return Object.fromEntries([
    ...foreign,
    ["the bystander's place, as one's own", forged(bystander.cursor, attacker.userId)],
    ["one's own place, as the bystander's", forged(attacker.cursor, bystander.userId)],
    ['a place at no time', atTime(attacker.cursor, Number.NaN)],
    ['a place beyond time', atTime(attacker.cursor, 1e300)],
    ['a place at the end of time', atTime(attacker.cursor, 8.64e15)],
    ['a place before time', atTime(attacker.cursor, -8.64e15)],
    ['zeros', Buffer.alloc(33).toString('base64url')],
    ['a first byte, and zeros', Buffer.from([1, ...Buffer.alloc(32)]).toString('base64url')],
  ])
}

const bytesOf = (cursor: string): Buffer => Buffer.from(cursor, 'base64url')

function changed(cursor: string, at: number, to: number): string {
  const bytes = bytesOf(cursor)
  bytes[at] = to
  return bytes.toString('base64url')
}

const turned = (cursor: string): string => {
  const bytes = bytesOf(cursor)
  const at = bytes.length - 1
  return changed(cursor, at, (bytes[at] ?? 0) ^ 1)
}

/** The first byte is the version; then comes whose history it is of, then the time. */
const forged = (cursor: string, userId: string): string => {
  const bytes = bytesOf(cursor)
  bytes.set(Buffer.from(userId, 'hex'), 1)
  return bytes.toString('base64url')
}

const atTime = (cursor: string, ms: number): string => {
  const bytes = bytesOf(cursor)
  bytes.writeDoubleBE(ms, 13)
  return bytes.toString('base64url')
}
