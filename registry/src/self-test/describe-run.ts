import type { SelfTestStep } from '../ledger/acts.ts'
import type { KnownSelfTest, Register } from '../ledger/register.ts'
import type { StepName } from './conduct-run.ts'
import type { LiveRun } from './self-tests.ts'

/** A run as everybody may see it. */
export interface Run {
  readonly run: string
  readonly peerId: string
  readonly ura: string
  readonly name: string
  readonly level: number
  readonly reference: { readonly peerId: string; readonly name: string }
  readonly state: 'running' | 'passed' | 'failed'
  readonly startedAt: string
  readonly endedAt?: string
  readonly steps: readonly (Partial<SelfTestStep> & { readonly name: StepName; readonly running?: true })[]
  /** Its line in the log. */
  readonly index?: number
  readonly version?: string
}

/** Of a clinic that named none: from the own workplace. */
const usualLevel = 3

export function describeLive(
  { run, peerId, reference, startedAt, progress }: LiveRun,
  register: Register,
): Run {
  const { done, running } = progress
  return {
    run,
    ...who(peerId, reference, register),
    state: 'running',
    startedAt: new Date(startedAt).toISOString(),
    steps: running === undefined ? done : [...done, { name: running, running: true }],
  }
}

export function describePast(test: KnownSelfTest, register: Register): Run {
  const { run, peerId, reference, passed, steps, at, index, version } = test
  const tookMs = steps.reduce((sum, { ms }) => sum + ms, 0)
  return {
    run,
    ...who(peerId, reference, register),
    state: passed ? 'passed' : 'failed',
    startedAt: new Date(at - tookMs).toISOString(),
    endedAt: new Date(at).toISOString(),
    steps,
    index,
    version,
  }
}

function who(peerId: string, reference: string, register: Register) {
  const key = register.keys.get(peerId)
  const nameOf = (peer: string) => register.keys.get(peer)?.application?.organisation ?? ''
  return {
    peerId,
    ura: key?.ura ?? '',
    name: nameOf(peerId),
    level: key?.application?.level ?? usualLevel,
    reference: { peerId: reference, name: nameOf(reference) },
  }
}
