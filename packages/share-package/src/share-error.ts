/**
 * `SHARE_DAMAGED`: not what was written, or another key. `SHARE_CUT_OFF`: bytes are missing at the end.
 * `SHARE_TOO_LARGE`: cannot be written, the manifest would be over its limit.
 */
export type ShareErrorCode = 'SHARE_DAMAGED' | 'SHARE_CUT_OFF' | 'SHARE_TOO_LARGE'

export class ShareError extends Error {
  readonly code: ShareErrorCode
  /** What was wrong; no patient data. */
  readonly facts: Readonly<Record<string, string | number>>

  constructor(code: ShareErrorCode, facts: Readonly<Record<string, string | number>> = {}) {
    super(code)
    this.name = 'ShareError'
    this.code = code
    this.facts = facts
  }
}
