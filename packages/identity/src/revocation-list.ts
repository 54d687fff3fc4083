import 'reflect-metadata' // @peculiar/x509 does not load without it
import type { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { oids } from './certificate-profile.ts'
import * as der from './der.ts'
import type { Signer } from './signer.ts'

/** RFC 5280 §5.3.1. `certificateHold` is a suspension: alone of these it may be gone from a later list. */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'
  | 'privilegeWithdrawn'

export interface Revocation {
  /** As in NodeCertificate. */
  readonly serial: string
  readonly at: Date
  readonly reason: RevocationReason
}

export interface RevocationList {
  readonly revoked: readonly Revocation[]
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/** A CRL v2 (RFC 5280 §5) for standard tools; nodes go by the network bundle. DER. */
export async function writeRevocationList(
  list: RevocationList,
  issuingCertificate: Uint8Array,
  signer: Signer,
): Promise<Uint8Array> {
  const issuer = new x509.X509Certificate(issuingCertificate)
  const crl = await x509.X509CrlGenerator.create(
    {
      issuer: issuer.subjectName,
      thisUpdate: list.thisUpdate,
      nextUpdate: list.nextUpdate,
      entries: list.revoked.map(({ serial, at, reason }) => ({
        serialNumber: serial,
        revocationDate: at,
        // RFC 5280 §5.3.1: a reason that says nothing is left out.
        ...(reason !== 'unspecified' && { reason: x509.X509CrlReason[reason] }),
      })),
      extensions: [
        new x509.Extension(oids.crlNumber, false, der.toBytes(der.integer(list.number))),
        await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ],
      signingAlgorithm: rsaSha256,
      signingKey: { algorithm: rsaSha256 } as Partial<webcrypto.CryptoKey> as webcrypto.CryptoKey,
    },
    // The generator asks its crypto for the signature and for nothing else: that is where our signer comes in.
    {
      subtle: {
        sign: (_algorithm: unknown, _key: unknown, tbs: ArrayBuffer) => signer.sign(new Uint8Array(tbs)),
      },
    },
  )
  return new Uint8Array(crl.rawData)
}

const rsaSha256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
