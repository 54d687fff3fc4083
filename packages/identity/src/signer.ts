import { X509Certificate, createPrivateKey, randomBytes, sign, verify, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { TwiinError } from '@twiin/runtime'
import { derOf } from './pem.ts'

/** Holds an RSA key of the authority: PKCS #1 v1.5 with SHA-256 over `tbs`. A file by default; a PKCS #11 token is another. */
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

/**
 * Has the signer sign a probe and looks whether this certificate (PEM) is that of its key. The probe is new each time and
 * means nothing: it is no certificate, revocation list or document. Throws SIGNER_MISMATCH. spec 01 §6.
 */
export async function checkSigner(signer: Signer, certificate: string): Promise<void> {
  const { publicKey } = new X509Certificate(derOf('CERTIFICATE', certificate))
  const probe = Buffer.concat([Buffer.from('twiin/probe/v1\0', 'ascii'), randomBytes(32)])
  const signature: unknown = await signer.sign(probe)
  if (!(signature instanceof Uint8Array) || !verify('sha256', probe, publicKey, signature))
    throw new TwiinError('SIGNER_MISMATCH')
}
