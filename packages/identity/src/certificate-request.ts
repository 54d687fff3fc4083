import 'reflect-metadata' // @peculiar/x509 does not load without it
import { createPrivateKey, createPublicKey } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { TwiinError } from '@twiin/runtime'
import { oids, patterns } from './certificate-profile.ts'
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

/** A PKCS #10 request in DER, signed by the node key: proof of possession. Token: printable ASCII. Throws SUBJECT_INVALID. */
export async function createCertificateRequest(
  key: NodeKey,
  facts: { organisation: string; ura: string; token: string },
): Promise<Uint8Array> {
  if (!patterns.organisation.test(facts.organisation))
    throw new TwiinError('SUBJECT_INVALID', { field: 'organisation' })
  if (!patterns.ura.test(facts.ura)) throw new TwiinError('SUBJECT_INVALID', { field: 'ura' })
  if (!/^[A-Za-z0-9_+/=.:-]{1,255}$/.test(facts.token))
    throw new TwiinError('SUBJECT_INVALID', { field: 'token' })
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
    attributes: [new x509.ChallengePasswordAttribute(facts.token)],
  })
  return new Uint8Array(request.rawData)
}

/** Reads a request of at most 16 KiB and checks its signature. Throws CSR_UNREADABLE, CSR_KEY, CSR_SIGNATURE. */
export async function readCertificateRequest(der: Uint8Array): Promise<CertificateRequest> {
  if (der.length > maxRequestBytes) throw new TwiinError('CSR_UNREADABLE', { reason: 'too long' })
  const { request, facts } = parse(der)
  const spki = Buffer.from(request.publicKey.rawData)
  const publicKey = Uint8Array.from(spki.subarray(-32))
  if (!spki.equals(ed25519Spki(publicKey))) throw new TwiinError('CSR_KEY', { reason: 'not Ed25519' })
  // A signature algorithm that does not fit the key makes the library throw: refused all the same.
  const proven = await request.verify().catch(() => false)
  if (!proven) throw new TwiinError('CSR_SIGNATURE')
  return { publicKey, peerId: peerIdOf(publicKey), ...facts }
}

function parse(der: Uint8Array) {
  try {
    if (der[0] !== 0x30) throw new TwiinError('CSR_UNREADABLE', { reason: 'not DER' }) // the library also reads text
    const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(der))
    if (request.rawData.byteLength !== der.length)
      throw new TwiinError('CSR_UNREADABLE', { reason: 'bytes follow' })
    return { request, facts: readFacts(request) }
  } catch (cause) {
    throw new TwiinError('CSR_UNREADABLE', {}, { cause })
  }
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
