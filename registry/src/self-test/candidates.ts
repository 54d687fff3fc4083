import type { KnownKey, Register } from '../ledger/register.ts'

/** Members that can be asked now: certified, not ended, and they said where they are. */
function reachable(register: Register, now: number): KnownKey[] {
  return [...register.keys.values()].filter(
    ({ peerId, role, announced }) =>
      role === 'member' &&
      announced !== undefined &&
      announced.addresses.length > 0 &&
      register.isActive(peerId, now),
  )
}

/** Members that have not shown yet that they exchange, in the order in which they came. */
export function untested(register: Register, now: number): KnownKey[] {
  return reachable(register, now)
    .filter(({ exchangingSince }) => exchangingSince === undefined)
    .sort((a, b) => a.boundAt - b.boundAt)
}

/** Whether this key can be tested at all. */
export function isTestable(register: Register, peerId: string, now: number): boolean {
  return reachable(register, now).some((key) => key.peerId === peerId)
}

/**
 * Who may be the other end for this node: those of the settings when any of them is active; else members that exchange;
 * only when there are none, others that are being tested: two founding members are each other's reference (spec 12 §3).
 */
export function referencesFor(
  peerId: string,
  register: Register,
  now: number,
  preferred: readonly string[],
): KnownKey[] {
  const others = reachable(register, now).filter((key) => key.peerId !== peerId)
  const named = others.filter(({ ura }) => preferred.includes(ura))
  if (named.length > 0) return named
  const exchanging = others.filter(({ exchangingSince }) => exchangingSince !== undefined)
  return exchanging.length > 0 ? exchanging : others
}
