import cliProgress from 'cli-progress'

/** A terminal, or anything else that can be written to. */
type Screen = NodeJS.WritableStream & { isTTY?: boolean; columns?: number }

export interface ProgressOptions {
  /** How much there is to do, as far as one knows. */
  total: number
  /** What is being done: `Copying`. */
  label: string
  /** What is counted: `messages`. */
  unit: string
  /** Default: standard error, so that standard output stays the result's. */
  stream?: Screen
}

export interface Progress {
  add(n: number): void
  /** Leaves the last state on screen. */
  stop(): void
}

const LINE_EVERY_MS = 5000
const REFRESHES_A_SECOND = 10
const LONGEST_BAR = 24
const SHORTEST_BAR = 6
/** The columns of the bar's own text: per cent, rate, time left. */
const FIGURES = 44
const WIDE = 120

/** Shows how far something long has got: a bar in a terminal, elsewhere (a pipe, a log) a line every 5 s. */
export function createProgress({ stream = process.stderr, ...options }: ProgressOptions): Progress {
  return stream.isTTY ? createBar(options, stream) : createLines(options, stream)
}

type Task = Pick<ProgressOptions, 'total' | 'label' | 'unit'>

function createBar({ total, label, unit }: Task, stream: Screen): Progress {
  const pace = createPace(total)
  const bar = new cliProgress.SingleBar({
    format: `${label} {bar} {percentage}% | {done} of {whole} ${unit} | {rate}/s | {left}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: roomForBar({ total, label, unit }, stream.columns ?? WIDE),
    stream,
    fps: REFRESHES_A_SECOND,
    /* Ctrl-C is its owner's to handle. */
    gracefulExit: false,
  })
  bar.start(Math.max(1, total), 0, pace.figures())
  return {
    add(n) {
      pace.add(n)
      bar.update(Math.min(pace.done(), Math.max(1, total)), pace.figures())
    },
    stop() {
      if (total === 0) bar.update(1)
      bar.update(pace.figures())
      bar.stop()
    },
  }
}

/** A bar as long as the terminal allows beside the text, whose figures grow. */
const roomForBar = ({ total, label, unit }: Task, columns: number): number => {
  const text = label.length + 2 * format(total).length + unit.length + FIGURES
  return Math.max(SHORTEST_BAR, Math.min(LONGEST_BAR, columns - text))
}

function createLines({ total, label, unit }: Task, stream: Screen): Progress {
  const pace = createPace(total)
  const say = (end: string) => {
    const { done, whole, rate } = pace.figures()
    stream.write(`${label}: ${done} of ${whole} ${unit}, ${rate}/s, ${end}\n`)
  }
  stream.write(`${label}: ${format(total)} ${unit}\n`)
  const timer = setInterval(() => say(pace.figures().left), LINE_EVERY_MS).unref()
  return {
    add: pace.add,
    stop() {
      clearInterval(timer)
      say(`${duration(pace.seconds())} in all`)
    },
  }
}

/** How fast it goes, and how long it will take at that rate. */
function createPace(total: number) {
  const start = performance.now()
  let done = 0
  const seconds = () => (performance.now() - start) / 1000
  return {
    add(n: number): void {
      done += n
    },
    done: () => done,
    seconds,
    figures() {
      const rate = done / Math.max(seconds(), 0.001)
      const left = rate > 0 ? `${duration(Math.max(0, total - done) / rate)} left` : 'no estimate yet'
      return { done: format(done), whole: format(total), rate: format(Math.round(rate)), left }
    },
  }
}

const format = (n: number): string => n.toLocaleString('en')

function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
