import { singleLine } from '@twiin/runtime'
import type { ClaimedUser, Credentials } from '../store-provider.ts'
import type { UserIdentity } from './user-information.ts'

/** PS3.7 table D.3-14. */
const kinds: Readonly<Record<number, ClaimedUser['kind']>> = {
  1: 'username',
  2: 'username',
  3: 'kerberos',
  4: 'saml',
  5: 'jwt',
}
const maxNameLength = 64

/** Undefined for a kind the standard does not know. */
export function claimedUser(identity: UserIdentity | undefined): ClaimedUser | undefined {
  const kind = identity === undefined ? undefined : kinds[identity.type]
  if (identity === undefined || kind === undefined) return undefined
  if (kind !== 'username') return { kind }
  return { kind, name: singleLine(identity.primary.toString('utf8')).slice(0, maxNameLength) }
}

export function credentialsOf(identity: UserIdentity | undefined): Credentials | undefined {
  if (identity?.type === 2) return { passcode: identity.secondary }
  return identity !== undefined && identity.type >= 3 && identity.type <= 5
    ? { token: identity.primary }
    : undefined
}
