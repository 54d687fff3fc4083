import type { Clock } from '@twiin/runtime'
import type { HalfMonthFigures, PublicFigures } from './public-figures.ts'

/**
 * The spring of 2021 in a minute, as a labelled simulation: 65 of 74 hospitals become 74, 55 clinics join, 50,000 studies in
 * March become 60,000 in half a month. Known are the totals of March and of the first half of April 2021, and that 55
 * clinics wanted to join; the days between are drawn as straight lines, and May is assumed to stay at 60,000.
 */
const durationMs = 60_000
const firstDay = Date.UTC(2021, 2, 1)
const days = 92
const dayMs = 86_400_000
const hospitals = { total: 74, before: 65 }
const clinicsJoined = 55
/** Studies of each half-month from March on. */
const studies = [23_000, 27_000, 60_000, 60_000, 60_000, 60_000] as const
/** Days at which the half-months end, counted from the first of March. */
const ends = [15, 31, 46, 61, 76, 92] as const

export interface SimulationState {
  readonly name: 'spring-2021'
  readonly running: boolean
  readonly elapsedSeconds: number
  readonly durationSeconds: number
  /** The simulated day, `2021-04-01`. */
  readonly date: string
  readonly figures: PublicFigures
}

/** Plays it by the clock; starts at once, can be paused and started over. Never mixed with what really happened. */
export class Replay2021 {
  readonly #clock: Clock
  #startedAt: number
  #pausedAfter: number | undefined

  constructor(_options: object, deps: { clock: Clock }) {
    this.#clock = deps.clock
    this.#startedAt = deps.clock.now()
  }

  control(action: 'start' | 'pause' | 'restart'): void {
    const elapsed = this.#elapsed()
    if (action === 'pause') this.#pausedAfter = elapsed
    else {
      this.#startedAt = this.#clock.now() - (action === 'restart' ? 0 : elapsed)
      this.#pausedAfter = undefined
    }
  }

  get state(): SimulationState {
    const elapsed = this.#elapsed()
    const day = (elapsed / durationMs) * days
    return {
      name: 'spring-2021',
      running: this.#pausedAfter === undefined && elapsed < durationMs,
      elapsedSeconds: Math.floor(elapsed / 1000),
      durationSeconds: durationMs / 1000,
      date: new Date(firstDay + Math.min(day, days - 1) * dayMs).toISOString().slice(0, 10),
      figures: figuresOn(day),
    }
  }

  #elapsed(): number {
    return Math.min(this.#pausedAfter ?? Math.max(0, this.#clock.now() - this.#startedAt), durationMs)
  }
}

/** `day`: how many days of the spring are over, 0 to 92. */
export function figuresOn(day: number): PublicFigures {
  const part = day / days
  const grown = (from: number, to: number, done: number) => from + Math.floor((to - from) * done)
  const at = (done: number) => ({
    hospitals: grown(hospitals.before, hospitals.total, done),
    clinics: grown(0, clinicsJoined, done),
  })
  const now = at(part)
  const [march, april, may] = [31, 61, 92]
  const history = [march, april, may]
    .map((end, i) => ({ month: `2021-0${i + 3}`, ...at(Math.min(day, end) / days), begins: end - 31 }))
    .filter(({ begins }, i) => i === 0 || begins < day)
    .map(({ begins: _, ...rest }) => rest)
  return {
    coverage: {
      hospitals: { exchanging: now.hospitals, total: hospitals.total },
      clinics: { exchanging: now.clinics, joined: now.clinics },
    },
    history,
    months: monthsOn(day),
    byLevel: { 1: 0, 2: 0, 3: 0, 4: 0 },
  }
}

function monthsOn(day: number): PublicFigures['months'] {
  const halfOn = (i: number): HalfMonthFigures => {
    const begins = i === 0 ? 0 : ends[i - 1]!
    const done = Math.max(0, Math.min(1, (day - begins) / (ends[i]! - begins)))
    const count = Math.round(studies[i]! * done)
    return { studies: count, discsReplaced: count }
  }
  return [0, 1, 2]
    .filter((month) => month === 0 || ends[2 * month - 1]! < day)
    .map((month) => {
      const [first, second] = [halfOn(2 * month), halfOn(2 * month + 1)]
      return {
        month: `2021-0${month + 3}`,
        halves: [first, second] as const,
        studies: (first.studies ?? 0) + (second.studies ?? 0),
      }
    })
}
