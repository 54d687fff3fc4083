import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Addresses, Category, Level, Mailboxes, Phone } from '@twiin/protocol'
import { renewalGraceMs } from '../issuance/certification.ts'
import type { KnownKey, Register } from '../ledger/register.ts'

/** What everybody may know of a member: what its own node announces, and how it stands. */
export const Organisation = Type.Object({
  ura: Type.String(),
  name: Type.String(),
  category: Category,
  level: Type.Optional(Level),
  state: Type.Enum(['testing', 'exchanging', 'suspended', 'expired']),
  /** Since when it is in that state. */
  since: Type.String(),
  mailboxes: Mailboxes,
  phone: Type.Optional(Phone),
  /** Multiaddrs. */
  endpoints: Addresses,
})
export type Organisation = Static<typeof Organisation>

/**
 * Members by name. One is in the directory as long as its certificate can be renewed, so as long as the bundle has it;
 * a revoked one is gone at once, and of a clinic with several keys the newest counts.
 */
export function organisations(
  register: Register,
  now: number,
): { organisation: Organisation; key: KnownKey }[] {
  const newest = new Map<string, KnownKey>()
  for (const key of register.keys.values()) {
    const end = register.newestCertificate(key.peerId)?.notAfter
    if (key.role !== 'member' || end === undefined || end + renewalGraceMs < now) continue
    const other = newest.get(key.ura)
    if (other === undefined || other.boundAt <= key.boundAt) newest.set(key.ura, key)
  }
  return [...newest.values()]
    .flatMap((key) => {
      const organisation = describe(register, key, now)
      return organisation === undefined ? [] : [{ organisation, key }]
    })
    .sort((a, b) => a.organisation.name.localeCompare(b.organisation.name, 'nl'))
}

function describe(register: Register, key: KnownKey, now: number): Organisation | undefined {
  const { ura, application, announced } = key
  if (application === undefined) return undefined
  const { organisation: name, category, level, phone } = application
  const { state, since } = stateOf(register, key, now)
  return {
    ...{ ura, name, category, state },
    since: new Date(since).toISOString(),
    mailboxes: [...(announced?.mailboxes ?? application.mailboxes)],
    endpoints: [...(announced?.addresses ?? [])],
    ...(level !== undefined && { level }),
    ...(phone !== undefined && { phone }),
  }
}

function stateOf(
  register: Register,
  { peerId, ended, exchangingSince, boundAt }: KnownKey,
  now: number,
): { state: Organisation['state']; since: number } {
  if (ended?.state === 'suspended') return { state: 'suspended', since: ended.at }
  const end = register.newestCertificate(peerId)?.notAfter ?? 0
  if (end <= now) return { state: 'expired', since: end }
  return exchangingSince === undefined
    ? { state: 'testing', since: boundAt }
    : { state: 'exchanging', since: exchangingSince }
}
