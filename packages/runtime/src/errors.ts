/** A fact that may stand in an error or a log line. Never patient data: no name, number, birth date or free text from DICOM. */
export type Fact = string | number | boolean | undefined
export type Facts = Readonly<Record<string, Fact>>

/**
 * Every error we raise on purpose: a stable code and the facts that explain it.
 * The code decides what happens next (retry, refuse, which HTTP or DIMSE status); nobody parses the message.
 */
export class TwiinError<Code extends string = string> extends Error {
  static readonly errorName = 'TwiinError'
  readonly code: Code
  readonly facts: Facts

  constructor(code: Code, facts: Facts = {}, options?: { cause?: unknown }) {
    super(describe(code, facts), options)
    this.name = TwiinError.errorName
    this.code = code
    this.facts = facts
  }
}

/** True for our own errors, also across duplicate copies of this module. */
export function isTwiinError<Code extends string>(
  error: unknown,
  ...codes: Code[]
): error is TwiinError<Code> {
  if (!(error instanceof Error) || error.name !== TwiinError.errorName || !('code' in error)) return false
  return codes.length === 0 || codes.includes(error.code as Code)
}

/** The code of any thrown thing: ours, Node's (`ENOSPC`), or `UNEXPECTED`. Safe to log and to store. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && code !== '' ? code : 'UNEXPECTED'
}

function describe(code: string, facts: Facts): string {
  const pairs = Object.entries(facts).filter(([, value]) => value !== undefined)
  return pairs.length === 0 ? code : `${code} (${pairs.map(([key, value]) => `${key}=${value}`).join(', ')})`
}
