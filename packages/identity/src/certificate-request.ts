import 'reflect-metadata' // @peculiar/x509 does not load without it
import { createPrivateKey, createPublicKey, verify } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { TwiinError } from '@twiin/runtime'
import { oids, patterns } from './certificate-profile.ts'
import { sequenceLength } from './der-length.ts'
import { ed25519Pkcs8, ed25519Spki, type NodeKey } from './node-key.ts'
import { peerIdOf } from './peer-id.ts'

export interface CertificateRequest {
  readonly publicKey: Uint8Array
  readonly peerId: string
  readonly organisation?: string
  readonly ura?: string
  /** The one-time enrolment token, as challengePassword (RFC 2985 §5.4.1). */
  readonly token?: string
}

const maxRequestBytes = 16 * 1024
const maxTokenLength = 255

/**
 * A PKCS #10 request in DER, signed by the node key: proof of possession. The token (printable ASCII, no spaces) is left
 * out where it is missing or empty, as in a renewal. Throws SUBJECT_INVALID.
 */
export async function createCertificateRequest(
  key: NodeKey,
  facts: { organisation: string; ura: string; token?: string },
): Promise<Uint8Array> {
  const { token = '' } = facts
  if (!patterns.organisation.test(facts.organisation))
    throw new TwiinError('SUBJECT_INVALID', { field: 'organisation' })
  if (!patterns.ura.test(facts.ura)) throw new TwiinError('SUBJECT_INVALID', { field: 'ura' })
  if (!/^[A-Za-z0-9_+/=.:-]{0,255}$/.test(token)) throw new TwiinError('SUBJECT_INVALID', { field: 'token' })
  const privateKey = createPrivateKey({ key: ed25519Pkcs8(key.seed), format: 'der', type: 'pkcs8' })
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name([
      { C: [{ printableString: 'NL' }] },
      { O: [{ utf8String: facts.organisation }] },
      { [oids.organisationIdentifier]: [{ utf8String: `URA:${facts.ura}` }] },
    ]),
    keys: {
      privateKey: privateKey.toCryptoKey('Ed25519', false, ['sign']),
      publicKey: createPublicKey(privateKey).toCryptoKey('Ed25519', true, ['verify']),
    },
    signingAlgorithm: { name: 'Ed25519' },
    attributes: token === '' ? [] : [new x509.ChallengePasswordAttribute(token)],
  })
  return new Uint8Array(request.rawData)
}

/** Reads a request of at most 16 KiB and checks its signature. Throws CSR_UNREADABLE, CSR_KEY, CSR_SIGNATURE. */
export async function readCertificateRequest(der: Uint8Array): Promise<CertificateRequest> {
  if (der.length > maxRequestBytes) throw unreadable('too long')
  if (sequenceLength(der, 0) !== der.length) throw unreadable('not one DER structure')
  const { spki, facts } = parse(der)
  const publicKey = Uint8Array.from(spki.subarray(-32))
  if (!spki.equals(ed25519Spki(publicKey))) throw new TwiinError('CSR_KEY', { reason: 'not Ed25519' })
  if (!isSignedBy(spki, der)) throw new TwiinError('CSR_SIGNATURE')
  return { publicKey, peerId: peerIdOf(publicKey), ...facts }
}

function parse(der: Uint8Array) {
  try {
    const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(der))
    return { spki: Buffer.from(request.publicKey.rawData), facts: readFacts(request) }
  } catch (cause) {
    throw unreadable('malformed', { cause })
  }
}

/**
 * With Ed25519 everything around the signed part has one form (RFC 2986 §4.2, RFC 8410): a header, the signed part, then
 * `ed25519Signature` and 64 bytes. It is taken apart here, byte by byte, so that no reading of a library's stands between.
 */
function isSignedBy(spki: Buffer, der: Uint8Array): boolean {
  const signed = der.subarray(der.length < 258 ? 3 : 4, -64 - ed25519Signature.length)
  const algorithm = der.subarray(-64 - ed25519Signature.length, -64)
  if (sequenceLength(signed, 0) !== signed.length || !ed25519Signature.equals(algorithm)) return false
  return verify(null, signed, createPublicKey({ key: spki, format: 'der', type: 'spki' }), der.subarray(-64))
}

/** AlgorithmIdentifier of Ed25519, then the header of a BIT STRING of 64 bytes. */
const ed25519Signature = Buffer.from('300506032b6570034100', 'hex')

function unreadable(reason: string, options?: { cause: unknown }): TwiinError {
  return new TwiinError('CSR_UNREADABLE', { reason }, options)
}

/** What the request claims. Only the key is proven; the registry compares the rest with what was approved. */
function readFacts(
  request: x509.Pkcs10CertificateRequest,
): Pick<CertificateRequest, 'organisation' | 'ura' | 'token'> {
  const organisation = request.subjectName.getField('O')[0]
  const ura = /^URA:(\d{8})$/.exec(request.subjectName.getField(oids.organisationIdentifier)[0] ?? '')?.[1]
  const attribute = request.attributes.find((one) => one instanceof x509.ChallengePasswordAttribute)
  const token = attribute?.password
  return {
    ...(organisation !== undefined && patterns.organisation.test(organisation) ? { organisation } : {}),
    ...(ura === undefined ? {} : { ura }),
    ...(token !== undefined && token !== '' && token.length <= maxTokenLength ? { token } : {}),
  }
}
