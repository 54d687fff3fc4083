import type { Clock } from '@twiin/runtime'

export interface PaceOptions {
  /** `HH:MM`, Dutch time; a night that begins when it ends is none. */
  night: { from: string; until: string }
  /** Answers a second. */
  perSecond: { day: number; night: number }
}

/** How fast the archive is asked: it is the hospital's, and works for people by day (spec 18 §3). */
export class Pace {
  readonly #options: PaceOptions
  readonly #clock: Clock
  readonly #localTime = new Intl.DateTimeFormat('nl-NL', {
    timeZone: 'Europe/Amsterdam',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  /** When the next answer may be taken. */
  #next = 0

  constructor(options: PaceOptions, deps: { clock: Clock }) {
    this.#options = options
    this.#clock = deps.clock
  }

  isNight(now = this.#clock.now()): boolean {
    const { from, until } = this.#options.night
    const time = this.#localTime.format(now)
    return from < until ? time >= from && time < until : from !== until && (time >= from || time < until)
  }

  /** After so many answers: resolves when more may be taken. */
  async after(answers: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now()
    const { day, night } = this.#options.perSecond
    this.#next = Math.max(this.#next, now) + (answers * 1000) / (this.isNight(now) ? night : day)
    // Timers are coarse: what is owed is paid when it is worth one.
    if (this.#next - now >= 20) await this.#clock.sleep(this.#next - now, signal)
  }
}
