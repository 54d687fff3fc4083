import type { AuditHead, AuditLog, Verification } from '@twiin/audit'

/**
 * Whether the audit log is whole. The first look reads all of it; every next one goes on from the last head that was
 * good, so that asking often costs little.
 */
export class ChainCheck {
  readonly #log: AuditLog
  readonly #kept: { heads(): Promise<AuditHead[]> } | undefined
  readonly #alarm: () => { firstBad: number } | undefined
  #last: Promise<Verification> | undefined

  constructor(deps: {
    log: AuditLog
    /** Heads that others signed: looked at with the first, full look. */
    kept?: { heads(): Promise<AuditHead[]> }
    /** What others said of this log since. */
    alarm?: () => { firstBad: number } | undefined
  }) {
    this.#log = deps.log
    this.#kept = deps.kept
    this.#alarm = deps.alarm ?? (() => undefined)
  }

  async check(): Promise<Verification> {
    const alarm = this.#alarm()
    const found = await this.#check()
    return found.ok && alarm !== undefined
      ? { ok: false, firstBad: alarm.firstBad, why: 'ROLLED_BACK' }
      : found
  }

  #check(): Promise<Verification> {
    const last = this.#last
    const next = last === undefined ? this.#lookAtAll() : last.then((before) => this.#goOn(before))
    this.#last = next
    // One that failed to read says nothing about the log: the next look begins anew.
    next.catch(() => this.#last === next && (this.#last = undefined))
    return next
  }

  async #lookAtAll(): Promise<Verification> {
    return this.#log.verify(undefined, await this.#kept?.heads())
  }

  /** What was found bad once stays bad until the next start. */
  #goOn(before: Verification): Promise<Verification> | Verification {
    return before.ok && before.head.seq > 0
      ? this.#log.verify(before.head)
      : before.ok
        ? this.#lookAtAll()
        : before
  }
}
