import type { Clock } from '@twiin/runtime'
import type { Register } from '../ledger/register.ts'
import type { ActivityReports } from './activity-reports.ts'
import { publicFigures } from './public-figures.ts'
import type { PublicFigures } from './public-figures.ts'

/** Everybody may ask, as often as they like: computed once a minute, and when something in it has changed. */
export class CurrentFigures {
  readonly #options: { hospitals: number; studiesPerDisc: number }
  readonly #deps: {
    register: Register
    reports: Pick<ActivityReports, 'all' | 'changes'>
    clock: Pick<Clock, 'now'>
  }
  #cached: { readonly key: string; readonly figures: PublicFigures } | undefined

  constructor(
    options: { hospitals: number; studiesPerDisc: number },
    deps: {
      register: Register
      reports: Pick<ActivityReports, 'all' | 'changes'>
      clock: Pick<Clock, 'now'>
    },
  ) {
    this.#options = options
    this.#deps = deps
  }

  get(): PublicFigures {
    const { register, reports, clock } = this.#deps
    const now = clock.now()
    const { keys, selfTests, published } = register
    const minute = Math.floor(now / 60_000)
    const key = [minute, reports.changes, keys.size, selfTests.size, published?.version].join()
    if (this.#cached?.key !== key)
      this.#cached = { key, figures: publicFigures(register, reports.all(), { ...this.#options, now }) }
    return this.#cached.figures
  }
}
