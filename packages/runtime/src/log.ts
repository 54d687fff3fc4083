import { pino } from 'pino'
import type { Facts } from './errors.ts'

/** Structured log lines: an event name and facts. The type keeps objects (and so DICOM data sets) out. */
export interface Logger {
  debug(event: string, facts?: Facts): void
  info(event: string, facts?: Facts): void
  warn(event: string, facts?: Facts): void
  error(event: string, facts?: Facts): void
  child(facts: Facts): Logger
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}

/** JSON lines on `destination` (default stdout). Whatever still looks like a BSN is masked before it is written. */
export function createLogger(
  options: { level?: string; destination?: { write(line: string): void } } = {},
  facts: Facts = {},
): Logger {
  const masking = { write: (line: string) => void destination.write(maskCitizenNumbers(line)) }
  const destination = options.destination ?? process.stdout
  const target = pino(
    { level: options.level ?? 'info', base: facts, timestamp: pino.stdTimeFunctions.isoTime },
    masking,
  )
  return wrap(target)
}

function wrap(target: pino.Logger): Logger {
  return {
    debug: (event, facts) => target.debug(facts ?? {}, singleLine(event)),
    info: (event, facts) => target.info(facts ?? {}, singleLine(event)),
    warn: (event, facts) => target.warn(facts ?? {}, singleLine(event)),
    error: (event, facts) => target.error(facts ?? {}, singleLine(event)),
    child: (facts) => wrap(target.child(facts)),
  }
}

/** A line of text for people: no control characters, so that a peer's AE title cannot forge a log line. */
export function singleLine(text: string, maxLength = 200): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?').slice(0, maxLength)
}

/** Nine digits on their own that pass the eleven test: almost surely a BSN, so not for a log. */
export function maskCitizenNumbers(text: string): string {
  return text.replace(/(?<!\d)\d{9}(?!\d)/g, (digits) => (passesElevenTest(digits) ? '*********' : digits))
}

function passesElevenTest(digits: string): boolean {
  const weights = [9, 8, 7, 6, 5, 4, 3, 2, -1]
  return weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0) % 11 === 0
}
