import { doubled } from '@twiin/runtime'

/** After a failure, and after a refusal. */
const pauses = { firstMs: 1000, mostMs: 60_000 }
const refusalPauses = { firstMs: 1000, mostMs: 15 * 60_000 }

/** What one replica still has to be told, by patient key: withdrawals first. */
export class ReplicaQueue {
  readonly peerId: string
  readonly #urgent = new Set<string>()
  readonly #ordinary = new Set<string>()
  /** Refused by the replica: asked again later, while others go on. */
  readonly #refused = new Map<string, string>()
  #failures = 0
  #failure: string | undefined
  #refusals = 0
  #notBefore = 0
  #refusedUntil = 0

  constructor(peerId: string) {
    this.peerId = peerId
  }

  get size(): number {
    return this.#urgent.size + this.#ordinary.size + this.#refused.size
  }
  /** Why this replica keeps us waiting, if it does. */
  get trouble(): string | undefined {
    return this.#failure ?? this.#refused.values().next().value
  }

  add(patientKey: string, urgent: boolean): void {
    this.#refused.delete(patientKey)
    if (urgent) {
      this.#ordinary.delete(patientKey)
      this.#urgent.add(patientKey)
    } else if (!this.#urgent.has(patientKey)) this.#ordinary.add(patientKey)
  }

  clear(): void {
    this.#urgent.clear()
    this.#ordinary.clear()
    this.#refused.clear()
  }

  /** True when nothing moves for this patient before the replica changes its mind or comes back. */
  isStuckOn(patientKey: string): boolean {
    return this.#failure !== undefined || this.#refused.has(patientKey)
  }

  /** Milliseconds until something can be sent; undefined when there is nothing to send. */
  waitMs(now: number): number | undefined {
    if (this.#urgent.size + this.#ordinary.size > 0) return Math.max(0, this.#notBefore - now)
    return this.#refused.size === 0 ? undefined : Math.max(0, this.#refusedUntil - now, this.#notBefore - now)
  }

  /** Takes patient keys in the order of sending, until the caller stops; what is taken is no longer queued. */
  *take(now: number): Generator<string> {
    if (now >= this.#refusedUntil) {
      for (const patientKey of this.#refused.keys()) this.#ordinary.add(patientKey)
      this.#refused.clear()
    }
    for (const keys of [this.#urgent, this.#ordinary]) {
      for (const patientKey of keys) {
        keys.delete(patientKey)
        yield patientKey
      }
    }
  }

  failed(reason: string, now: number, jitter: number): void {
    this.#failure = reason
    this.#notBefore = now + doubled(this.#failures++, pauses) * jitter
  }
  answered(): void {
    this.#failures = 0
    this.#failure = undefined
  }
  refused(refusals: ReadonlyMap<string, string>, now: number): void {
    if (refusals.size === 0) return void (this.#refused.size === 0 && (this.#refusals = 0))
    for (const [patientKey, reason] of refusals) this.#refused.set(patientKey, reason)
    this.#refusedUntil = now + doubled(this.#refusals++, refusalPauses)
  }
}
