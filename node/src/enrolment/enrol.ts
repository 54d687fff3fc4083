import { readFile, rm } from 'node:fs/promises'
import { createCertificateRequest, credentialOf, derOf } from '@twiin/identity'
import type { CertificateVerifier, NodeCertificate, NodeKey } from '@twiin/identity'
import { announcement } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import type { RegistryClient } from './registry-client.ts'

export interface EnrolmentOptions {
  hospital: { name: string; ura: string }
  /** PEM: the node's certificate, then the issuing one. */
  certificateFile: string
  /** One-time token of the registry; needed until the first certificate is there. */
  enrolmentTokenFile: string | undefined
}

/** The node's certificate: fetched once with a one-time token, renewed after a third of its life, kept on disk. */
export class Enrolment {
  readonly #options: EnrolmentOptions
  readonly #deps: {
    key: NodeKey
    registry: RegistryClient
    verifier: CertificateVerifier
    clock: Clock
    log: Logger
  }
  #credential: Uint8Array | undefined
  #certificate: NodeCertificate | undefined

  constructor(
    options: EnrolmentOptions,
    deps: {
      key: NodeKey
      registry: RegistryClient
      verifier: CertificateVerifier
      clock: Clock
      log: Logger
    },
  ) {
    this.#options = options
    this.#deps = deps
  }

  credential(): Uint8Array {
    if (this.#credential === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'certificate' })
    return this.#credential
  }

  get certificate(): NodeCertificate {
    if (this.#certificate === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'certificate' })
    return this.#certificate
  }

  /** Loads the certificate, or enrols. Throws `ENROLMENT_TOKEN_MISSING`, `ENROLMENT_REFUSED`, `REGISTRY_UNREACHABLE`. */
  async ensure(): Promise<void> {
    const pem = await readFile(this.#options.certificateFile, 'utf8').catch(() => undefined)
    if (pem !== undefined) return this.#takeFromDisk(pem)
    const tokenFile = this.#options.enrolmentTokenFile
    const token = tokenFile && (await readFile(tokenFile, 'utf8').catch(() => undefined))?.trim()
    if (token === undefined || token === '')
      throw new TwiinError('ENROLMENT_TOKEN_MISSING', { file: tokenFile })
    try {
      await this.#fetchCertificate('/.well-known/est/simpleenroll', token)
    } catch (error) {
      // The answer to an earlier try may have been lost: then the token is spent and this key has a certificate already.
      if (!(error instanceof TwiinError) || error.facts['code'] !== 'ENROLMENT_TOKEN_INVALID') throw error
      await this.#fetchCertificate('/.well-known/est/simplereenroll', '').catch(() => {
        throw error
      })
    }
    // Used up: a copy left behind could only mislead.
    if (tokenFile !== undefined) await rm(tokenFile, { force: true })
    this.#deps.log.info('enrolled', { serial: this.certificate.serial })
  }

  /** Renews once a third of the life has passed. Throws like `ensure`; the old certificate stays in use. */
  async renewWhenDue(): Promise<void> {
    const { notBefore, notAfter } = this.certificate
    if (this.#deps.clock.now() < notBefore + (notAfter - notBefore) / 3) return
    await this.#fetchCertificate('/.well-known/est/simplereenroll', '')
    this.#deps.log.info('certificate renewed', { serial: this.certificate.serial })
  }

  /**
   * Tells the registry where this node is reached (spec 06 §2).
   * Throws ANNOUNCEMENT_REFUSED, with `retryAfterSeconds` when the registry said how long to wait.
   */
  async announce(addresses: string[], mailboxes: string[]): Promise<void> {
    const { key, clock, registry } = this.#deps
    const message = {
      kind: 'announcement' as const,
      peerId: key.peerId,
      issuedAt: clock.now(),
      addresses,
      mailboxes,
    }
    const answer = await registry.call('POST', '/api/v1/announcements', {
      body: announcement.sign(message, key).bytes,
      headers: { 'content-type': 'application/cbor' },
    })
    if (answer.status < 300) return
    const seconds = Number(answer.headers['retry-after'])
    const wait = answer.status === 429 && seconds > 0 ? { retryAfterSeconds: Math.min(seconds, 3600) } : {}
    throw new TwiinError('ANNOUNCEMENT_REFUSED', { status: answer.status, ...wait })
  }

  async #fetchCertificate(path: string, token: string): Promise<void> {
    const { name, ura } = this.#options.hospital
    const request = await createCertificateRequest(this.#deps.key, { organisation: name, ura, token })
    const answer = await this.#deps.registry.call('POST', path, {
      body: Buffer.from(request).toString('base64'),
      headers: { 'content-type': 'application/pkcs10' },
    })
    if (answer.status !== 200)
      throw new TwiinError('ENROLMENT_REFUSED', { status: answer.status, code: problemCode(answer.body) })
    const pem = answer.body.toString('utf8')
    await this.#take(pem)
    await writeFileDurably(this.#options.certificateFile, Buffer.from(pem), { mode: 0o644 })
  }

  async #take(pem: string): Promise<void> {
    const credential = credentialFrom(pem)
    const certificate = await this.#deps.verifier.verify(credential)
    if (certificate.peerId !== this.#deps.key.peerId)
      throw new TwiinError('CERT_PEER_MISMATCH', { peerId: certificate.peerId })
    if (certificate.ura !== this.#options.hospital.ura)
      throw new TwiinError('CERT_SUBJECT', { ura: certificate.ura })
    this.#credential = credential
    this.#certificate = certificate
  }

  /** One that expired while the node was off is still renewable for 30 days; it is replaced before anything is served. */
  async #takeFromDisk(pem: string): Promise<void> {
    try {
      await this.#take(pem)
    } catch (error) {
      if (!(error instanceof TwiinError) || error.code !== 'CERT_EXPIRED') throw error
      await this.#fetchCertificate('/.well-known/est/simplereenroll', '')
    }
  }
}

function credentialFrom(pem: string): Uint8Array {
  const [leaf, issuing] = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (leaf === undefined || issuing === undefined)
    throw new TwiinError('CERT_UNREADABLE', { blocks: leaf === undefined ? 0 : 1 })
  return credentialOf(derOf('CERTIFICATE', leaf), derOf('CERTIFICATE', issuing))
}

function problemCode(body: Buffer): string | undefined {
  try {
    const { code } = JSON.parse(body.toString('utf8')) as { code?: unknown }
    return typeof code === 'string' ? code.slice(0, 60) : undefined
  } catch {
    return undefined
  }
}
