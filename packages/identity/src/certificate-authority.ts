import { X509Certificate, randomBytes } from 'node:crypto'
import { TwiinError, type Clock } from '@twiin/runtime'
import {
  isWithin,
  lifetimes,
  maxDeclaredPatients,
  oids,
  patterns,
  privateExtensions,
  spiffeId,
} from './certificate-profile.ts'
import { embedded } from './der.ts'
import { LintBeforeSign } from './lint-before-sign.ts'
import type { NodeCertificate, NodeRole } from './node-certificate.ts'
import { ed25519Spki } from './node-key.ts'
import { peerIdOf } from './peer-id.ts'
import { derOf } from './pem.ts'
import { writeRevocationList, type Revocation } from './revocation-list.ts'
import type { Signer } from './signer.ts'
import { subjectNameOf } from './chain.ts'
import { signedBytes, type SignedDocument } from './signed-document.ts'
import * as write from './write-certificate.ts'

export interface NodeSubject {
  readonly organisation: string
  readonly ura: string
  readonly agb?: string
  readonly declaredPatients: number
  readonly role: NodeRole
  /** Raw Ed25519, 32 bytes: the peer key, proven by a certificate request. */
  readonly publicKey: Uint8Array
  /** Besides `<ura>.<trust domain>`; all within the trust domain. */
  readonly dnsNames?: readonly string[]
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** The issuing CA at work. Never sees the root key. */
export class CertificateAuthority {
  readonly #trustDomain: string
  readonly #signer: Signer
  readonly #issuing: X509Certificate
  readonly #lint: LintBeforeSign
  readonly #clock: Pick<Clock, 'now'>
  readonly #random: (bytes: number) => Uint8Array

  constructor(
    options: { trustDomain: string },
    deps: {
      signer: Signer
      rootCertificate: string
      issuingCertificate: string
      clock: Pick<Clock, 'now'>
      random?: (bytes: number) => Uint8Array
    },
  ) {
    this.#trustDomain = options.trustDomain
    this.#signer = deps.signer
    this.#issuing = new X509Certificate(derOf('CERTIFICATE', deps.issuingCertificate))
    const { rootCertificate, issuingCertificate, signer } = deps
    this.#lint = new LintBeforeSign({ ...options, rootCertificate, issuingCertificate }, { signer })
    this.#clock = deps.clock
    this.#random = deps.random ?? randomBytes
  }

  /**
   * A node certificate, by default valid from five minutes ago for 30 days; never longer than its issuer. The verifier
   * every node uses judges it before it is signed and before it leaves (`LintBeforeSign`). Throws SUBJECT_INVALID, or
   * the verifier's code.
   */
  async issueNodeCertificate(subject: NodeSubject, validity?: Validity): Promise<NodeCertificate> {
    checkSubject(subject, this.#trustDomain)
    const now = this.#clock.now()
    const wanted = validity?.notAfter.getTime() ?? now + lifetimes.node
    return this.#lint.issue({
      serial: this.#random(16),
      issuer: embedded(subjectNameOf(this.#issuing.raw)),
      notBefore: validity?.notBefore ?? new Date(now - lifetimes.tolerance),
      notAfter: new Date(Math.min(wanted, this.#issuing.validToDate.getTime())),
      ...nodeContent(subject, this.#trustDomain, this.#issuing),
    })
  }

  /** CRL v2 in DER. `nextUpdate` must lie beyond the longest registry outage to survive: a stale list refuses everyone. */
  async createRevocationList(list: {
    revoked: readonly Revocation[]
    number: number
    nextUpdate: Date
  }): Promise<Uint8Array> {
    const thisUpdate = new Date(this.#clock.now())
    return writeRevocationList({ ...list, thisUpdate }, this.#issuing.raw, this.#signer)
  }

  /** Signs a document for the whole network, such as the network bundle. */
  async signDocument(payload: Uint8Array): Promise<SignedDocument> {
    const signature = await this.#signer.sign(signedBytes(payload))
    return { payload, signature, issuer: Uint8Array.from(this.#issuing.raw) }
  }
}

/** Subject, key and extensions of a node certificate: the table of spec 01 §3. */
export function nodeContent(subject: NodeSubject, trustDomain: string, issuing: X509Certificate) {
  const spki = ed25519Spki(subject.publicKey)
  const issuerSpki = issuing.publicKey.export({ format: 'der', type: 'spki' })
  const uri = spiffeId(trustDomain, subject.ura, peerIdOf(subject.publicKey))
  return {
    subject: write.name(
      [oids.country, 'NL'],
      [oids.organisation, subject.organisation],
      [oids.organisationIdentifier, `URA:${subject.ura}`],
    ),
    spki,
    extensions: [
      write.basicConstraints(false),
      write.keyUsage('digitalSignature'),
      write.extendedKeyUsage(oids.serverAuth, oids.clientAuth),
      write.subjectAltName(uri, [`${subject.ura}.${trustDomain}`, ...(subject.dnsNames ?? [])]),
      write.subjectKeyIdentifier(spki),
      write.authorityKeyIdentifier(issuerSpki),
      write.privateText(privateExtensions.role.oid, subject.role),
      write.privateText(privateExtensions.declaredPatients.oid, String(subject.declaredPatients)),
      ...(subject.agb === undefined ? [] : [write.privateText(privateExtensions.agb.oid, subject.agb)]),
    ],
  }
}

function checkSubject(subject: NodeSubject, trustDomain: string): void {
  const { declaredPatients, agb, dnsNames = [] } = subject
  const valid = {
    organisation: patterns.organisation.test(subject.organisation),
    ura: patterns.ura.test(subject.ura),
    agb: agb === undefined || patterns.agb.test(agb),
    declaredPatients:
      Number.isInteger(declaredPatients) && declaredPatients >= 0 && declaredPatients <= maxDeclaredPatients,
    publicKey: subject.publicKey.length === 32,
    dnsNames: dnsNames.length <= 8 && dnsNames.every((dnsName) => isWithin(trustDomain, dnsName)),
  }
  const field = Object.entries(valid).find(([, isValid]) => !isValid)?.[0]
  if (field !== undefined) throw new TwiinError('SUBJECT_INVALID', { field })
}
