/** Colours of a page, and of everybody on it: the same in each plot. */
export interface Theme {
  name: 'light' | 'dark'
  text: string
  muted: string
  grid: string
  colorOf(contestant: string): string
}

export const FONT = 'system-ui, -apple-system, Helvetica, Arial, sans-serif'
/** The README shows plots at about that width: no text may be smaller than 11 px in them. */
export const WIDTH = 880
export const SMALL = 12

type Colors = Record<string, string>

const LIGHT: Colors = {
  'dialogue-store': '#0969da',
  'mongodb driver': '#59636e',
  Mongoose: '#bc4c00',
  'Mongoose, lean': '#d4a72c',
  papr: '#8250df',
  LangChain: '#1a7f37',
}

const DARK: Colors = {
  'dialogue-store': '#4493f8',
  'mongodb driver': '#9198a1',
  Mongoose: '#f0883e',
  'Mongoose, lean': '#e3b341',
  papr: '#ab7df8',
  LangChain: '#3fb950',
}

/** `LangChain, not capped` is LangChain; who is not known has the colour of text. */
const pick = (colors: Colors, otherwise: string) => (contestant: string) =>
  colors[contestant] ?? colors[contestant.split(',')[0] ?? ''] ?? otherwise

export const THEMES: readonly Theme[] = [
  { name: 'light', text: '#1f2328', muted: '#59636e', grid: '#d1d9e0', colorOf: pick(LIGHT, '#1f2328') },
  { name: 'dark', text: '#f0f6fc', muted: '#9198a1', grid: '#3d444d', colorOf: pick(DARK, '#f0f6fc') },
]
