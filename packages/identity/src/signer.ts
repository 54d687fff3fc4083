import { createPrivateKey, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { TwiinError } from '@twiin/runtime'

/** Holds the issuing key: RSA PKCS #1 v1.5 with SHA-256 over `tbs`. A file by default; a PKCS #11 token would be another. */
export interface Signer {
  sign(tbs: Uint8Array): Promise<Uint8Array>
}

const signAsync = promisify(sign)

/** Opens an encrypted PKCS #8 key (PEM). Throws KEY_NOT_OPENED when the passphrase is wrong or the file is damaged. */
export function openSigner(encryptedKey: string, passphrase: string): Signer {
  const key = openKey(encryptedKey, passphrase)
  return { sign: async (tbs) => Uint8Array.from(await signAsync('sha256', tbs, key)) }
}

function openKey(pem: string, passphrase: string) {
  // The label is checked, or a key that was left unencrypted would open with any passphrase.
  if (!pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----'))
    throw new TwiinError('KEY_NOT_OPENED', { reason: 'not encrypted' })
  try {
    return createPrivateKey({ key: pem, format: 'pem', passphrase })
  } catch (cause) {
    throw new TwiinError('KEY_NOT_OPENED', {}, { cause })
  }
}
