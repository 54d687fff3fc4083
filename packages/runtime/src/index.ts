/**
 * What every process needs and nothing more: errors as codes with facts, time as an argument, ordered start and stop,
 * log lines without patient data, pauses that grow. A closed list: a further file needs an ADR.
 */
export { TwiinError, codeOf, isTwiinError } from './errors.ts'
export type { Fact, Facts } from './errors.ts'
export { Backoff, doubled, fractionOf } from './backoff.ts'
export { ManualClock, ShiftableClock, systemClock } from './clock.ts'
export type { Clock } from './clock.ts'
export { Lifecycle, Loop } from './lifecycle.ts'
export type { Service } from './lifecycle.ts'
export { createLogger, maskCitizenNumbers, silentLogger, singleLine } from './log.ts'
export type { Logger } from './log.ts'
