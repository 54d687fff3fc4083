import type { Clock } from '@twiin/runtime'
import type { CertificateAuthority, NodeSubject, Validity } from './certificate-authority.ts'
import type { CertificateVerifier } from './certificate-verifier.ts'
import type { CertificateRefusal } from './node-certificate.ts'
import type { NodeKey } from './node-key.ts'

/** A whole authority in a test: 2048-bit keys, made once per process. */
export interface TestAuthority {
  readonly trustDomain: string
  readonly rootCertificate: string
  readonly issuingCertificate: string
  readonly authority: CertificateAuthority
  readonly verifier: CertificateVerifier
  /** Issues for `key` and returns what its node presents. */
  certify(key: NodeKey, subject?: Partial<NodeSubject>, validity?: Validity): Promise<Uint8Array>
}

export async function testAuthority(options: { clock?: Pick<Clock, 'now'> } = {}): Promise<TestAuthority> {
  throw new Error(`not written: ${options.clock?.now()}`)
}

/** Credentials for `key` that every verifier must refuse, each with the code it must be refused with. */
export async function badCredentials(
  key: NodeKey,
  options: { clock?: Pick<Clock, 'now'> } = {},
): Promise<{ name: string; code: CertificateRefusal; credential: Uint8Array }[]> {
  throw new Error(`not written: ${key.peerId} ${options.clock?.now()}`)
}
