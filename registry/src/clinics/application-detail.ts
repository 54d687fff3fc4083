import { keyFingerprint, publicKeyOf } from '@twiin/identity'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Application, Person } from '../ledger/acts.ts'
import type { KnownKey, Register } from '../ledger/register.ts'
import { checksOf } from './automatic-checks.ts'
import { approvalsOf, standingOf } from './standing.ts'
import type { Standing } from './standing.ts'
import { Contact } from './submitted-application.ts'
import type { SubmittedApplication } from './submitted-application.ts'

const Instant = Type.String({ description: 'ISO 8601' })
const Approvals = Type.Array(Type.Object({ by: Type.Optional(Person), at: Instant }))
const steps = ['applied', 'approved-once', 'approved', 'enrolled', 'tested', 'exchanging'] as const

/** An application as it is shown. An applicant sees no names of who decides, and no checks. */
export const Detail = Type.Object({
  id: Type.String(),
  ...Application.properties,
  fingerprint: Type.Optional(Type.String({ description: 'Of the key, to be read out by telephone.' })),
  contacts: Type.Array(Contact),
  remarks: Type.Optional(Type.String()),
  at: Instant,
  changedAt: Instant,
  digest: Type.String({ description: 'Of what is approved.' }),
  state: Type.Enum(['open', 'approved', 'rejected', 'superseded']),
  reason: Type.Optional(Type.String()),
  approvals: Approvals,
  /** Approvals that a later change made void. */
  voided: Type.Optional(Approvals),
  checks: Type.Array(
    Type.Object({
      name: Type.String(),
      result: Type.Enum(['passed', 'warned', 'failed']),
      detail: Type.Optional(Type.String({ description: 'A code.' })),
    }),
  ),
  messages: Type.Array(
    Type.Object({ from: Type.Enum(['registry', 'applicant']), at: Instant, text: Type.String() }),
  ),
  progress: Type.Array(Type.Object({ step: Type.Enum([...steps]), at: Type.Optional(Instant) })),
  enrolled: Type.Optional(Type.Object({ peerId: Type.String(), serial: Type.String() })),
})
export type Detail = Static<typeof Detail>

export function detailOf(
  submitted: SubmittedApplication,
  known: { register: Register; submitted: readonly SubmittedApplication[]; now: number },
  reader: 'staff' | 'applicant',
): Detail {
  const { register } = known
  const { application, contacts, remarks, digest, messages } = submitted
  const standing = standingOf(register, submitted)
  const { current, voided } = approvalsOf(register, submitted, known.now)
  const show = (all: typeof current) =>
    all.map(({ by, at }) => ({ at: instant(at), ...(reader === 'staff' && { by }) }))
  const key = [...register.keys.values()].find(({ applicationId }) => applicationId === submitted.id)
  const serial = key?.serials.at(-1)
  const isOpen = standing.state === 'open'
  return {
    id: submitted.id,
    ...application,
    ...(application.peerId && { fingerprint: keyFingerprint(publicKeyOf(application.peerId)) }),
    contacts: [...contacts],
    ...(remarks !== undefined && { remarks }),
    at: instant(submitted.at),
    changedAt: instant(submitted.changedAt),
    digest,
    state: standing.state,
    ...(standing.reason !== undefined && { reason: standing.reason }),
    approvals: show(current),
    ...(voided.length > 0 && { voided: show(voided) }),
    checks: reader === 'staff' && isOpen ? checksOf(submitted, known) : [],
    messages: messages.map((message) => ({ ...message, at: instant(message.at) })),
    progress: progressOf(submitted, standing, current, key),
    ...(key && serial !== undefined && { enrolled: { peerId: key.peerId, serial } }),
  }
}

/** Each step a clinic goes through, with the time at which it did. */
function progressOf(
  submitted: SubmittedApplication,
  standing: Standing,
  approvals: readonly { at: number }[],
  key: KnownKey | undefined,
): Detail['progress'] {
  const reached: Record<(typeof steps)[number], number | undefined> = {
    applied: submitted.at,
    'approved-once': approvals[0]?.at,
    approved: standing.state === 'approved' ? standing.closedAt : undefined,
    enrolled: key?.boundAt,
    tested: key?.selfTest?.at,
    exchanging: key?.exchangingSince,
  }
  return steps.map((step) => {
    const at = reached[step]
    return { step, ...(at !== undefined && { at: instant(at) }) }
  })
}

function instant(at: number): string {
  return new Date(at).toISOString()
}
