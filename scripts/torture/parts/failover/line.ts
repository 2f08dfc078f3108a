import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * What is wrong with a line: it is cut, and cannot be made anew; all that is sent vanishes, and nothing is closed;
 * or everything comes that many milliseconds late.
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
  let trouble: Trouble | undefined
  /* What comes after something that was lost makes no sense to anybody. */
  let isDead = false
  let ended = () => {}

  const cut = () => {
    near.resetAndDestroy()
    far.resetAndDestroy()
    ended()
  }
  /** While the line is mute, nobody hears that the other one has left. */
  const leave = () => {
    if (trouble === 'mute') return
    near.destroySoon()
    far.destroySoon()
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
      if (trouble === 'mute') isDead = true
      if (!isDead) inTurn(() => target.write(bytes))
    })
    source.on('error', () => {})
    source.on('close', () => inTurn(leave))
  }
  carry(near, far)
  carry(far, near)

  return {
    ...ends,
    cut,
    meet(next) {
      trouble = next
      if (trouble === 'cut') cut()
      else if (near.destroyed || far.destroyed) leave()
    },
    onEnd(listener) {
      ended = listener
    },
  }
}
