/**
 * Who a peer is: its Ed25519 key, the X.509 certificate that ties that key to a care provider, and the signatures
 * made with it. The only importer of node-forge (which issues), pkijs and node:crypto (which verify), and
 * @peculiar/x509 (requests, revocation lists, web certificates). Normative text: docs/spec/01-identity.md.
 */
export { NodeKey, verifySignature } from './node-key.ts'
export type { SignatureDomain } from './node-key.ts'
export { LogKey } from './log-key.ts'
export { peerIdOf, publicKeyOf } from './peer-id.ts'
export { keyFingerprint } from './key-fingerprint.ts'

export { holdCeremony } from './key-ceremony.ts'
export type { Ceremony, CeremonyOptions } from './key-ceremony.ts'
export { checkSigner, openSigner } from './signer.ts'
export type { Signer } from './signer.ts'
export { CertificateAuthority } from './certificate-authority.ts'
export type { NodeSubject, Validity } from './certificate-authority.ts'
export type { Revocation, RevocationReason } from './revocation-list.ts'

export { createCertificateRequest, readCertificateRequest } from './certificate-request.ts'
export type { CertificateRequest } from './certificate-request.ts'

export { describeCertificate } from './describe-certificate.ts'
export type { CertificateDescription } from './describe-certificate.ts'
export { CertificateVerifier } from './certificate-verifier.ts'
export { credentialOf, maxCredentialBytes, maxEvidenceBytes, splitCredential } from './credential.ts'
export type { Credential } from './credential.ts'
export type { CertificateRefusal, NodeCertificate, NodeRole } from './node-certificate.ts'

export { DocumentVerifier, decodeSignedDocument, encodeSignedDocument } from './signed-document.ts'
export type { SignedDocument } from './signed-document.ts'

export { createWebCertificate } from './web-certificate.ts'
export type { WebCertificate } from './web-certificate.ts'
export { pemOf, derOf } from './pem.ts'
