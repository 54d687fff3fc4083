import type { Bundle, Member } from '@twiin/protocol'
import { renewalGraceMs } from '../issuance/certification.ts'
import type { KnownKey, Register } from '../ledger/register.ts'
import { phaseOf, quorum } from '../log/witness-set.ts'

const day = 86_400_000
/** Index entries live up to 90 days and name the key that signed them: its revocation has to be known as long. */
const revokedShownMs = 100 * day
const leastPatientsPerBucket = 50
const mostBits = 24
/** Twiin's integration level of who named none: from the own workplace. */
const usualLevel = 3

export type BundleContents = Omit<Bundle, 'v' | 'version' | 'issuedAt'>

export interface BundleFacts {
  trustDomain: string
  index: { epoch: number; replicas: number }
  log: Bundle['log']
  tokens: Bundle['tokens']
}

/** What the network has to know, from the register; the same register gives the same contents. spec 06 §3 */
export function bundleContents(register: Register, facts: BundleFacts, now: number): BundleContents {
  const listed = [...register.keys.values()]
    .flatMap((key) => toMember(register, key, now) ?? [])
    .sort((a, b) => (a.ura < b.ura ? -1 : 1))
  // A suspension is short: it must not change how long prefixes are, or the whole network would place its entries anew.
  const declared = listed.reduce((sum, { declaredPatients }) => sum + declaredPatients, 0)
  return {
    trustDomain: facts.trustDomain,
    index: { ...facts.index, bits: prefixBits(declared) },
    log: facts.log,
    witnessing: witnessing(register, now),
    members: listed.filter(({ peerId }) => register.keys.get(peerId)?.ended === undefined),
    revoked: revoked(register, now),
    tokens: facts.tokens,
  }
}

/** spec 06 §3: max(0, floor(log2(declared / 50))), at most 24. */
export function prefixBits(declaredPatients: number): number {
  if (declaredPatients < leastPatientsPerBucket) return 0
  return Math.min(mostBits, Math.floor(Math.log2(declaredPatients / leastPatientsPerBucket)))
}

/** spec 11 §6 */
function witnessing(register: Register, now: number): Bundle['witnessing'] {
  return {
    phase: phaseOf(register, now),
    endsAt: register.founded?.foundingEndsAt ?? 0,
    quorum: register.foundingEnded?.quorum ?? quorum,
    witnesses: [...register.witnesses],
  }
}

/** One entry a certificate. A suspended key ends all of its own for as long as it is suspended. */
function revoked(register: Register, now: number): Bundle['revoked'] {
  return [...register.certificates.values()].flatMap(({ peerId, serial, notAfter, revoked }) => {
    if (notAfter + revokedShownMs < now) return []
    if (revoked !== undefined) return [{ peerId, serial, state: 'revoked' as const, ...revoked }]
    const ended = register.keys.get(peerId)?.ended
    if (ended === undefined) return []
    const { state, at, reason } = ended
    return [{ peerId, serial, state, at, reason }]
  })
}

/** A member stays in the directory while its certificate can be renewed: its replicas and addresses are still its own. */
function toMember(register: Register, key: KnownKey, now: number): Member | undefined {
  const { application, announced, peerId, ura } = key
  const newest = register.newestCertificate(peerId)
  if (application === undefined || newest === undefined || newest.notAfter + renewalGraceMs < now)
    return undefined
  const successor = [...register.keys.values()].some(
    (other) => other.ura === ura && other.boundAt > key.boundAt && register.newestCertificate(other.peerId),
  )
  if (successor) return undefined
  const tokensPerDay = register.quotas.get(ura)
  return {
    ura,
    name: application.organisation,
    peerId,
    addresses: [...(announced?.addresses ?? [])],
    declaredPatients: application.declaredPatients,
    mailboxes: [...(announced?.mailboxes ?? application.mailboxes)],
    category: application.category,
    level: application.level ?? usualLevel,
    state: key.exchangingSince === undefined ? 'testing' : 'exchanging',
    ...(application.phone !== undefined && { phone: application.phone }),
    ...(tokensPerDay !== undefined && { tokensPerDay }),
  }
}

/** The pilot: this registry keeps the whole token key. 3-of-5 has five keepers in the same place (spec 02). */
export function oneKeeper(peerId: string, publicKey: Uint8Array, addresses: string[]): Bundle['tokens'] {
  return { publicKey, threshold: 1, keepers: [{ index: 1, peerId, publicKey, addresses }] }
}
