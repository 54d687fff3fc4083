import { readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createCertificateRequest, credentialOf } from '@twiin/identity'
import type { CertificateVerifier, NodeCertificate, NodeKey } from '@twiin/identity'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { syncFolder, writeFileDurably } from '@twiin/store'
import { readOwnCertificate } from './own-certificate.ts'
import type { OwnCertificate } from './own-certificate.ts'
import type { OwnEvidence } from './own-evidence.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { renewalDueAt } from './renewal-due.ts'

export interface EnrolmentOptions {
  hospital: { name: string; ura: string }
  /** PEM: the node's certificate, then the issuing one. Beside it stands, with `.next`, one that has no evidence yet. */
  certificateFile: string
  /** One-time token of the registry; needed until the first certificate is there. */
  enrolmentTokenFile: string | undefined
}

export interface EnrolmentDeps {
  key: NodeKey
  registry: RegistryClient
  /** Judges by the given clock, or the real one. */
  verifierFor: (clock?: Pick<Clock, 'now'>) => CertificateVerifier
  evidence: OwnEvidence
  /** While the log is distrusted nobody would admit a new certificate. */
  isLogTrusted: () => boolean
  clock: Pick<Clock, 'now'>
  log: Logger
}

const renewalPath = '/.well-known/est/simplereenroll'
const enrolmentPath = '/.well-known/est/simpleenroll'

/**
 * The node's certificate and what proves that it is logged: fetched once with a one-time token, renewed after a third of its
 * life, kept on disk. A renewed one takes the place of the old one when there is evidence of it: until then nobody would
 * admit it (spec 11 §5).
 */
export class Enrolment {
  readonly #options: EnrolmentOptions
  readonly #deps: EnrolmentDeps
  readonly #nextFile: string
  #current: OwnCertificate | undefined
  #next: OwnCertificate | undefined
  #failing: { code: string; since: number } | undefined

  constructor(options: EnrolmentOptions, deps: EnrolmentDeps) {
    this.#options = options
    this.#deps = deps
    this.#nextFile = `${options.certificateFile}.next`
  }

  credential(): Uint8Array {
    const own = this.#require()
    return credentialOf(own.leaf, own.issuing, this.#deps.evidence.of(own))
  }

  get certificate(): NodeCertificate {
    return this.#require().certificate
  }

  get hasExpired(): boolean {
    return this.certificate.notAfter <= this.#deps.clock.now()
  }

  /** Whether peers that hold the bundle of this node would see that its certificate is logged. */
  get isConvincing(): boolean {
    return this.#deps.evidence.convinces(this.#require())
  }

  /** Why, and since when (milliseconds since the Unix epoch), the certificate could not be renewed. */
  get failing(): { readonly code: string; readonly since: number } | undefined {
    return this.#failing
  }

  /**
   * Loads the certificate, or enrols. With one that has expired, and a registry that does not renew it now, the node starts
   * all the same: no peer admits it until then, but its own house is served.
   * Throws `ENROLMENT_TOKEN_MISSING`, `ENROLMENT_REFUSED`, `REGISTRY_UNREACHABLE`, `CERT_*`.
   */
  async ensure(): Promise<void> {
    const { certificateFile } = this.#options
    await this.#deps.evidence.load()
    const pem = await readFile(certificateFile, 'utf8').catch(() => undefined)
    if (pem === undefined) return this.#enrol()
    this.#current = await this.#read(pem, true)
    await this.#loadNext()
    if (!this.hasExpired) return
    await this.tend().catch((error: unknown) => {
      if (this.hasExpired)
        this.#deps.log.error('the certificate has expired; no peer is reached until it is renewed', {
          code: refusalOf(error),
        })
    })
  }

  /**
   * One look at what is due: a renewal, evidence that convinces, or nothing. Throws what went wrong; what there was stays in
   * use.
   */
  async tend(signal?: AbortSignal): Promise<void> {
    const { clock, evidence, isLogTrusted } = this.#deps
    if (this.#next === undefined && clock.now() >= renewalDueAt(this.certificate, isLogTrusted()))
      await this.#renew(signal)
    const own = this.#next ?? this.#require()
    if (!evidence.convinces(own)) await evidence.fetch(own, signal)
    if (this.#next !== undefined) await this.#promote(this.#next)
  }

  async #enrol(): Promise<void> {
    const token = await this.#token()
    if (token === undefined)
      throw new TwiinError('ENROLMENT_TOKEN_MISSING', { file: this.#options.enrolmentTokenFile })
    try {
      await this.#promote(await this.#fetchCertificate(enrolmentPath, token))
    } catch (error) {
      // The answer to an earlier try may have been lost: then the token is spent and this key has a certificate already.
      if (!isRefusal(error, 'ENROLMENT_TOKEN_INVALID')) throw error
      const lost = await this.#fetchCertificate(renewalPath, '').catch(() => {
        throw error
      })
      await this.#promote(lost)
    }
    await this.#forgetToken()
    this.#deps.log.info('enrolled', { serial: this.certificate.serial })
  }

  async #renew(signal?: AbortSignal): Promise<void> {
    try {
      const next = await this.#fetchCertificate(renewalPath, '', signal).catch(async (error: unknown) => {
        // After too long an absence the operator puts a new token where the first one was.
        const token = isRefusal(error, 'RENEWAL_TOO_LATE') ? await this.#token() : undefined
        if (token === undefined) throw error
        const anew = await this.#fetchCertificate(enrolmentPath, token, signal)
        await this.#forgetToken()
        return anew
      })
      this.#failing = undefined
      this.#deps.log.info('certificate renewed', { serial: next.certificate.serial })
      // An expired one convinces nobody: there is nothing to wait for.
      if (this.hasExpired) return await this.#promote(next)
      await writeFileDurably(this.#nextFile, Buffer.from(next.pem), { mode: 0o644 })
      this.#next = next
    } catch (error) {
      const since = this.#failing?.since ?? this.#deps.clock.now()
      this.#failing = { code: refusalOf(error), since }
      throw error
    }
  }

  /** From here on this is the certificate that peers are shown. */
  async #promote(own: OwnCertificate): Promise<void> {
    const { certificateFile } = this.#options
    const isOnDisk = this.#next === own
    this.#current = own
    this.#next = undefined
    if (isOnDisk) {
      await rename(this.#nextFile, certificateFile)
      await syncFolder(dirname(certificateFile))
    } else await writeFileDurably(certificateFile, Buffer.from(own.pem), { mode: 0o644 })
  }

  /** A renewed one whose evidence had not come when the node stopped, or had: the evidence on disk tells. */
  async #loadNext(): Promise<void> {
    const pem = await readFile(this.#nextFile, 'utf8').catch(() => undefined)
    if (pem === undefined) return
    try {
      this.#next = await this.#read(pem, false)
      if (this.#deps.evidence.of(this.#next) !== undefined) await this.#promote(this.#next)
    } catch (error) {
      this.#deps.log.warn('renewed certificate on disk not used', { code: codeOf(error) })
      this.#next = undefined
      await rm(this.#nextFile, { force: true })
    }
  }

  async #fetchCertificate(path: string, token: string, signal?: AbortSignal): Promise<OwnCertificate> {
    const { name, ura } = this.#options.hospital
    const request = await createCertificateRequest(this.#deps.key, { organisation: name, ura, token })
    const answer = await this.#deps.registry.call('POST', path, {
      body: Buffer.from(request).toString('base64'),
      headers: { 'content-type': 'application/pkcs10' },
      ...(signal && { signal }),
    })
    if (answer.status !== 200)
      throw new TwiinError('ENROLMENT_REFUSED', { status: answer.status, code: problemCode(answer.body) })
    return this.#read(answer.body.toString('utf8'), false)
  }

  #read(pem: string, mayHaveExpired: boolean): Promise<OwnCertificate> {
    const { key, verifierFor } = this.#deps
    const owner = { peerId: key.peerId, ura: this.#options.hospital.ura }
    return readOwnCertificate(pem, { owner, mayHaveExpired }, verifierFor)
  }

  async #token(): Promise<string | undefined> {
    const { enrolmentTokenFile: file } = this.#options
    const text = file && (await readFile(file, 'utf8').catch(() => undefined))?.trim()
    return text === '' ? undefined : text
  }

  /** Used up: a copy left behind could only mislead. */
  async #forgetToken(): Promise<void> {
    const { enrolmentTokenFile: file } = this.#options
    if (file !== undefined) await rm(file, { force: true })
  }

  #require(): OwnCertificate {
    if (this.#current === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'certificate' })
    return this.#current
  }
}

function isRefusal(error: unknown, code: string): boolean {
  return isTwiinError(error, 'ENROLMENT_REFUSED') && error.facts['code'] === code
}

/** The registry's own word when there is one: it says more than that it refused. */
function refusalOf(error: unknown): string {
  const said = isTwiinError(error, 'ENROLMENT_REFUSED') ? error.facts['code'] : undefined
  return typeof said === 'string' ? said : codeOf(error)
}

function problemCode(body: Buffer): string | undefined {
  try {
    const { code } = JSON.parse(body.toString('utf8')) as { code?: unknown }
    return typeof code === 'string' ? code.slice(0, 60) : undefined
  } catch {
    return undefined
  }
}
