import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * What is wrong with a line: it is cut, and cannot be made anew; or nothing that is sent arrives, and nothing is
 * closed, which leaves the line dead for ever; or everything comes that many milliseconds late.
 */
export type Trouble = 'cut' | 'mute' | number

/** Who talks to a member: another one, by its number, or a bot. */
export type Party = number | 'bot'

interface Ends {
  /** Who has made the connection. */
  from: Party
  to: number
}

/** A connection through the network. */
export interface Line extends Ends {
  meet(trouble: Trouble | undefined): void
  cut(): void
  onEnd(ended: () => void): void
}

export function createLine(near: Socket, far: Socket, ends: Ends): Line {
  const sockets = [near, far]
  let trouble: Trouble | undefined
  let isDead = false
  let ended = () => {}

  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
    ended()
  }
  /** While the line is mute, nobody hears that the other one has left. */
  const leave = () => {
    if (trouble === 'mute') return
    for (const socket of sockets) socket.destroySoon()
    ended()
  }

  function carry(source: Socket, target: Socket): void {
    let last: Promise<unknown> = Promise.resolve()
    /* In order, and the end of it behind all the rest. */
    const inTurn = (work: () => void) => {
      const late = typeof trouble === 'number' ? pause(trouble) : undefined
      last = last.then(() => late).then(work)
    }
    source.on('data', (bytes) => {
      if (!isDead) inTurn(() => target.write(bytes))
    })
    source.on('error', () => {})
    source.on('close', () => inTurn(leave))
  }
  carry(near, far)
  carry(far, near)

  /** What nobody takes piles up at the sender's, who has to wait with the rest. */
  function silence(): void {
    isDead = true
    for (const socket of sockets) socket.pause()
  }

  /** Nothing comes of what waited there, but that somebody left. */
  function speakUp(): void {
    if (sockets.some(({ destroyed }) => destroyed)) leave()
    for (const socket of sockets) socket.resume()
  }

  return {
    ...ends,
    cut,
    meet(next) {
      const was = trouble
      trouble = next
      if (trouble === 'cut') cut()
      else if (trouble === 'mute') silence()
      else if (was === 'mute') speakUp()
    },
    onEnd(listener) {
      ended = listener
    },
  }
}
