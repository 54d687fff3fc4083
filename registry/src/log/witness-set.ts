import type { Register } from '../ledger/register.ts'

/** spec 11 §4 */
const mostWitnesses = 7
/** spec 11 §5: whom a verifier wants to see before it believes a checkpoint. */
export const quorum = 2
/** spec 11 §6: so many have to cosign before cosignatures are asked for. */
export const foundingWitnesses = 3

/** spec 11 §6: in `founding` cosignatures are not asked for; what ends it is a line of the ledger, or the date. */
export function phaseOf(register: Register, now: number): 'founding' | 'required' {
  const { founded, foundingEnded } = register
  return foundingEnded !== undefined || (founded !== undefined && now >= founded.foundingEndsAt)
    ? 'required'
    : 'founding'
}

/** A member that counts as exchanging and whose certificate is good now. */
export function mayWitness(register: Register, peerId: string, now: number): boolean {
  const key = register.keys.get(peerId)
  return key?.role === 'member' && key.exchangingSince !== undefined && register.isActive(peerId, now)
}

/**
 * spec 11 §4: the exchanging members that are so the longest; who is a witness stays one while it may. The set as it is,
 * when fewer than a quorum would be left: nodes judge the next bundle by it.
 */
export function nextWitnesses(register: Register, now: number): readonly string[] {
  const staying = register.witnesses.filter((peerId) => mayWitness(register, peerId, now))
  const joining = [...register.keys.values()]
    .filter(({ peerId }) => !staying.includes(peerId) && mayWitness(register, peerId, now))
    .sort((a, b) => (a.exchangingSince ?? 0) - (b.exchangingSince ?? 0) || (a.peerId < b.peerId ? -1 : 1))
    .map(({ peerId }) => peerId)
  const next = [...staying, ...joining].slice(0, mostWitnesses)
  return next.length < quorum && register.witnesses.length >= quorum ? register.witnesses : next
}
