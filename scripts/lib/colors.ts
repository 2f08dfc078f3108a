import pc from 'picocolors'

/** Colours for a terminal that has some. In a pipe there are none, not even where picocolors would (`CI`). */
export const colorsFor = (out: NodeJS.WriteStream) =>
  pc.createColors(out.isTTY === true && pc.isColorSupported)
