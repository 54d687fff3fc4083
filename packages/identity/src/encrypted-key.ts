import { createCipheriv, pbkdf2, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { TwiinError } from '@twiin/runtime'
import * as der from './der.ts'
import { pemOf } from './pem.ts'

/** OWASP's figure for PBKDF2-HMAC-SHA256. node:crypto's own export uses 2048 and takes no other. */
const iterations = 600_000
const minPassphraseLength = 8

/** Encrypted PKCS #8 (PBES2 of RFC 8018 §6.2: PBKDF2-HMAC-SHA256, AES-256-CBC), which `openssl pkey` reads. PEM. */
export async function encryptKey(key: KeyObject, passphrase: string): Promise<string> {
  if (passphrase.length < minPassphraseLength)
    throw new TwiinError('PASSPHRASE_TOO_SHORT', { minPassphraseLength })
  const salt = randomBytes(16)
  const iv = randomBytes(16)
  const secret = await promisify(pbkdf2)(passphrase, salt, iterations, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', secret, iv)
  const encrypted = Buffer.concat([
    cipher.update(key.export({ format: 'der', type: 'pkcs8' })),
    cipher.final(),
  ])
  const kdf = der.sequence(
    der.oid('1.2.840.113549.1.5.12'), // PBKDF2
    der.sequence(
      der.octets(salt),
      der.integer(iterations),
      der.sequence(der.oid('1.2.840.113549.2.9'), der.nothing()), // hmacWithSHA256
    ),
  )
  const scheme = der.sequence(der.oid('2.16.840.1.101.3.4.1.42'), der.octets(iv)) // aes256-CBC
  const algorithm = der.sequence(der.oid('1.2.840.113549.1.5.13'), der.sequence(kdf, scheme)) // PBES2
  return pemOf('ENCRYPTED PRIVATE KEY', der.toBytes(der.sequence(algorithm, der.octets(encrypted))))
}
