import { createPrivateKey, sign, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { TwiinError } from '@twiin/runtime'

/** Holds an RSA key of the authority: PKCS #1 v1.5 with SHA-256 over `tbs`. A file by default; a PKCS #11 token would be another. */
export interface Signer {
  sign(tbs: Uint8Array): Promise<Uint8Array>
}

const signAsync = promisify(sign)

/** Opens an encrypted PKCS #8 key (PEM). Throws KEY_NOT_OPENED when the passphrase is wrong or the file is damaged. */
export function openSigner(encryptedKey: string, passphrase: string): Signer {
  // A key left unencrypted would open with any passphrase: the label is checked first.
  if (!encryptedKey.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) {
    throw new TwiinError('KEY_NOT_OPENED', { reason: 'not encrypted' })
  }
  try {
    return signerOf(createPrivateKey({ key: encryptedKey, format: 'pem', passphrase }))
  } catch (cause) {
    throw new TwiinError('KEY_NOT_OPENED', {}, { cause })
  }
}

export function signerOf(key: KeyObject): Signer {
  return { sign: async (tbs) => Uint8Array.from(await signAsync('sha256', tbs, key)) }
}
