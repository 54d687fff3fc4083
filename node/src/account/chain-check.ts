import type { AuditLog, Verification } from '@twiin/audit'

/**
 * Whether the audit log is whole. The first look reads all of it; every next one goes on from the last head that was
 * good, so that asking often costs little.
 */
export class ChainCheck {
  readonly #log: AuditLog
  #last: Promise<Verification> | undefined

  constructor(deps: { log: AuditLog }) {
    this.#log = deps.log
  }

  check(): Promise<Verification> {
    const last = this.#last
    const next = last === undefined ? this.#log.verify() : last.then((before) => this.#goOn(before))
    this.#last = next
    // One that failed to read says nothing about the log: the next look begins anew.
    next.catch(() => this.#last === next && (this.#last = undefined))
    return next
  }

  /** What was found bad once stays bad until the next start. */
  #goOn(before: Verification): Promise<Verification> | Verification {
    return before.ok && before.head.seq > 0
      ? this.#log.verify(before.head)
      : before.ok
        ? this.#log.verify()
        : before
  }
}
