import type { RevocationReason } from '@twiin/identity'

/** Why a key may be revoked: RFC 5280 §5.3.1. */
export const revocationReasons = [
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
  'unspecified',
] as const satisfies readonly RevocationReason[]
