import { CertificateAuthority, CertificateVerifier } from '@twiin/identity'
import type { Signer } from '@twiin/identity'
import type { Clock, Logger } from '@twiin/runtime'
import type { Settings } from '../config/settings.ts'
import { Certification } from '../issuance/certification.ts'
import { OwnCertificate } from '../issuance/own-certificate.ts'
import type { Books } from '../ledger/books.ts'
import type { TransparencyLog } from '../log/transparency-log.ts'

/** Who certifies and judges certificates, and the registry's own: spec 01, spec 06 §1. */
export function composeAuthority(
  { trustDomain, operator }: Settings,
  deps: {
    pem: { rootCertificate: string; issuingCertificate: string }
    peerId: string
    signer: Signer
    books: Books
    transparency: TransparencyLog
    clock: Clock
    log: Logger
  },
) {
  const { pem, peerId, signer, books, transparency, clock, log } = deps
  const { register } = books
  const authority = new CertificateAuthority({ trustDomain }, { signer, clock, ...pem })
  const { issuingCertificate } = pem
  const certification = new Certification({ operator, issuingCertificate }, { books, authority })
  const own = new OwnCertificate(
    { peerId, issuingCertificate },
    { register, certification, transparency, clock, log },
  )
  const verifier = new CertificateVerifier({ trustDomain, ...pem }, { clock })
  return { authority, certification, own, verifier }
}
