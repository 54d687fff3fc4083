import type { KeyObject } from 'node:crypto'
import type { Clock } from '@twiin/runtime'
import { CertificateAuthority, type NodeSubject, type Validity } from '../certificate-authority.ts'
import { CertificateVerifier } from '../certificate-verifier.ts'
import { credentialOf } from '../credential.ts'
import { generateRsaKey, writeAuthorities } from '../key-ceremony.ts'
import type { NodeKey } from '../node-key.ts'
import { derOf } from '../pem.ts'
import { signerOf } from '../signer.ts'
import { subjectOf, type RogueIssuer } from './forge-certificate.ts'

/** A whole authority in a test: 2048-bit keys, made once per process. */
export interface TestAuthority {
  readonly trustDomain: string
  readonly rootCertificate: string
  readonly issuingCertificate: string
  readonly authority: CertificateAuthority
  readonly verifier: CertificateVerifier
  /** Issues for `key` and returns what its node presents, without evidence. */
  certify(key: NodeKey, subject?: Partial<NodeSubject>, validity?: Validity): Promise<Uint8Array>
}

const trustDomain = 'twiin.example'
let keys: Promise<[root: KeyObject, issuing: KeyObject]> | undefined
let certificates: ReturnType<typeof writeAuthorities> | undefined

/** One root in the whole process, valid from 2020 to 2080, so that tests may choose their clocks. */
export async function testAuthority(options: { clock?: Pick<Clock, 'now'> } = {}): Promise<TestAuthority> {
  const clock = options.clock ?? { now: () => Date.now() }
  const [root, issuing] = await testKeys()
  const names = { trustDomain, organisation: 'Test authority', at: new Date(Date.UTC(2020, 0, 1)) }
  certificates ??= writeAuthorities(names, root, issuing, { root: 60, issuing: 60 })
  const { rootCertificate, issuingCertificate } = await certificates
  const authority = new CertificateAuthority(
    { trustDomain },
    { signer: signerOf(issuing), clock, rootCertificate, issuingCertificate },
  )
  const issuingDer = derOf('CERTIFICATE', issuingCertificate)
  return {
    trustDomain,
    rootCertificate,
    issuingCertificate,
    authority,
    verifier: new CertificateVerifier({ trustDomain, rootCertificate }, { clock }),
    certify: async (key, subject, validity) => {
      const { der } = await authority.issueNodeCertificate({ ...subjectOf(key), ...subject }, validity)
      return credentialOf(der, issuingDer)
    },
  }
}

export function testKeys(): Promise<[root: KeyObject, issuing: KeyObject]> {
  return (keys ??= Promise.all([generateRsaKey(2048), generateRsaKey(2048)]))
}

/** The issuing CA of `testAuthority`, for who wants to misuse it. */
export async function takenOver({ issuingCertificate }: TestAuthority): Promise<RogueIssuer> {
  const [, issuingKey] = await testKeys()
  return { trustDomain, issuingCertificate, issuingKey }
}
