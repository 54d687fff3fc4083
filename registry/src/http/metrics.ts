import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { Counts } from '../statistics/count-members.ts'

/** What an operator watches. One set for each process, given in, so that two registries in one test do not meet. */
export class Metrics {
  readonly #registry = new Registry()
  readonly enrolments = new Counter({
    name: 'twiin_registry_enrolments_total',
    help: 'Certificate requests, by outcome.',
    labelNames: ['outcome'] as const,
    registers: [this.#registry],
  })
  readonly evaluations = new Counter({
    name: 'twiin_registry_token_evaluations_total',
    help: 'Blinded elements, by purpose and outcome.',
    labelNames: ['purpose', 'outcome'] as const,
    registers: [this.#registry],
  })

  constructor(_options: object, deps: { statistics: () => Counts }) {
    collectDefaultMetrics({ register: this.#registry })
    const statistics = new Gauge({
      name: 'twiin_registry_state',
      help: 'Counts from the ledger.',
      labelNames: ['what'] as const,
      registers: [this.#registry],
      collect: () => {
        const { certificates, ...counts } = deps.statistics()
        for (const [what, n] of Object.entries({ ...counts, ...certificates })) statistics.set({ what }, n)
      },
    })
  }

  /** Numbers of one part, read whenever somebody asks; one without a number is left out. */
  watch(name: string, help: string, read: () => Readonly<Record<string, number | undefined>>): void {
    const gauge: Gauge<'what'> = new Gauge({
      ...{ name, help, labelNames: ['what'] as const, registers: [this.#registry] },
      collect: () => {
        gauge.reset()
        for (const [what, n] of Object.entries(read())) if (n !== undefined) gauge.set({ what }, n)
      },
    })
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }
}
