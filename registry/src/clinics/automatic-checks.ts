import type { KnownKey, Register } from '../ledger/register.ts'
import { namesResemble } from './name-resemblance.ts'
import { standingOf } from './standing.ts'
import type { SubmittedApplication } from './submitted-application.ts'

export interface Check {
  readonly name: string
  /** `failed`: nobody can approve it so. `warned`: people have to look. */
  readonly result: 'passed' | 'warned' | 'failed'
  /** A code; none when it passed. */
  readonly detail?: string
}

type Finding = readonly ['warned' | 'failed', code: string] | undefined

interface Known {
  readonly register: Register
  /** Everything in the inbox. */
  readonly submitted: readonly SubmittedApplication[]
  readonly now: number
}

/** What a machine can say of an application, so that people look at the rest. spec 06 §4 */
export function checksOf(submitted: SubmittedApplication, known: Known): Check[] {
  return Object.entries(checks).map(([name, check]) => {
    const [result, detail] = check(submitted, known) ?? ['passed' as const]
    return { name, result, ...(detail !== undefined && { detail }) }
  })
}

const checks: Readonly<Record<string, (submitted: SubmittedApplication, known: Known) => Finding>> = {
  name: ({ application: { organisation } }) => {
    // What two people read has to be what the certificate says, letter for letter.
    const clean = organisation.normalize('NFC').replace(/\s+/g, ' ').trim()
    if (clean !== organisation) return ['failed', 'NAME_NOT_CLEAN']
    return /^[\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]*$/u.test(organisation)
      ? undefined
      : ['warned', 'NAME_OTHER_SCRIPT']
  },
  'other-names': ({ application: { organisation, ura } }, { register }) =>
    membersOf(register).some(
      (key) => key.ura !== ura && namesResemble(key.application?.organisation ?? '', organisation),
    )
      ? ['warned', 'NAME_RESEMBLES_A_MEMBER']
      : undefined,
  ura: ({ application: { ura } }, { register, now }) => {
    const keys = [...register.keys.values()].filter((key) => key.ura === ura)
    // Enrolment waits until that key is revoked.
    if (keys.some(({ ended }) => ended?.state === 'suspended')) return ['warned', 'CLINIC_SUSPENDED']
    if (keys.some(({ peerId }) => register.isActive(peerId, now))) return ['warned', 'CLINIC_HAS_KEY']
    return keys.length > 0 ? ['warned', 'CLINIC_WAS_MEMBER'] : undefined
  },
  'other-applications': ({ id, application: { ura } }, { register, submitted }) =>
    submitted.some(
      (one) => one.id !== id && one.application.ura === ura && standingOf(register, one).state === 'open',
    )
      ? ['warned', 'ANOTHER_APPLICATION_OPEN']
      : undefined,
  key: ({ id, application: { peerId, ura }, requestedUra }, { register, submitted }) => {
    // Whoever sees the enrolment token, the second approver first, could bring a key of their own.
    if (peerId === undefined) return ['failed', 'KEY_NOT_GIVEN']
    const key = register.keys.get(peerId)
    if (key?.ended?.state === 'revoked') return ['failed', 'KEY_REVOKED']
    if (key !== undefined && (key.ura !== ura || key.role === 'keeper')) return ['failed', 'KEY_TAKEN']
    if (requestedUra !== undefined && requestedUra !== ura) return ['failed', 'CSR_OF_ANOTHER_URA']
    const elsewhere = submitted.some(
      (one) => one.id !== id && one.application.peerId === peerId && one.application.ura !== ura,
    )
    return elsewhere ? ['warned', 'KEY_IN_ANOTHER_APPLICATION'] : undefined
  },
  patients: ({ application: { category, declaredPatients } }) => {
    const [least, most] = plausiblePatients[category]
    return declaredPatients < least || declaredPatients > most
      ? ['warned', 'PATIENTS_IMPLAUSIBLE']
      : undefined
  },
  mailboxes: ({ application: { mailboxes } }) => {
    if (new Set(mailboxes.map((name) => name.normalize('NFKC').trim().toLowerCase())).size < mailboxes.length)
      return ['failed', 'MAILBOX_TWICE']
    if (mailboxes.some((name) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name) || name.trim() !== name))
      return ['failed', 'MAILBOX_NOT_CLEAN']
    return mailboxes.length === 0 ? ['warned', 'MAILBOX_MISSING'] : undefined
  },
  privacy: ({ contacts }) =>
    contacts.some(({ role }) => role === 'privacy') ? undefined : ['warned', 'PRIVACY_CONTACT_MISSING'],
  kvk: ({ application: { kvk } }) => (kvk === undefined ? ['warned', 'KVK_MISSING'] : undefined),
  agb: ({ application: { agb } }) => (agb === undefined ? ['warned', 'AGB_MISSING'] : undefined),
}

/** Fewest and most patients in the systems of one. Outside it the index would be laid out for a typing error. */
const plausiblePatients = {
  umc: [200_000, 6_000_000],
  hospital: [20_000, 4_000_000],
  clinic: [50, 500_000],
} as const

function membersOf(register: Register): KnownKey[] {
  return [...register.keys.values()].filter(
    ({ role, ended }) => role === 'member' && ended?.state !== 'revoked',
  )
}
