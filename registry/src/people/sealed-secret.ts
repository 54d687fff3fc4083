import type { Sealer } from '@twiin/store'

/** Secrets of authenticator apps as they stand in the accounts file. */

const context = 'registry-people-totp'

/** Bound to the account: moved to another one it does not open. */
export function sealSecret(sealer: Sealer, id: string, secret: string): string {
  return sealer.sealValue(context, Buffer.from(secret), id).toString('base64')
}

/** Throws SEAL_BROKEN. */
export function openSecret(sealer: Sealer, id: string, sealed: string): string {
  return sealer.openValue(context, Buffer.from(sealed, 'base64'), id).toString()
}
