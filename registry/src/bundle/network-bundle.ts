import { createHash } from 'node:crypto'
import { encodeSignedDocument } from '@twiin/identity'
import type { CertificateAuthority } from '@twiin/identity'
import { bundle, bundleContentBytes, witnessedBundle } from '@twiin/protocol'
import type { Bundle } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Books } from '../ledger/books.ts'
import { inRounds } from '../log/in-rounds.ts'
import type { TransparencyLog } from '../log/transparency-log.ts'
import { Waiting } from '../log/waiting.ts'
import { bundleContents } from './bundle-contents.ts'
import type { BundleFacts } from './bundle-contents.ts'

/** A version as it is served: as soon as it is signed, and once more when witnesses have cosigned it. */
export interface ServedBundle {
  readonly bundle: Bundle
  /** A `WitnessedBundle`, CBOR. */
  readonly bytes: Buffer
  /** `"43"`, then `"43w"`. spec 06 §3 */
  readonly etag: string
}

interface Deps {
  readonly facts: () => BundleFacts
  readonly books: Books
  readonly authority: CertificateAuthority
  readonly transparency: TransparencyLog
  readonly clock: Clock
  readonly log: Logger
}

/** Acts that say nothing that stands in a bundle. */
const silent = new Set(['published', 'requested', 'request-withdrawn', 'certifying', 'approved', 'rejected'])

/**
 * The current network bundle. A version is one set of contents for ever: its number and the digest of its contents are
 * in the ledger before anybody sees it, so a restart goes on where it was and never says two things under one number.
 */
export class NetworkBundle implements Service {
  readonly name = 'bundle'
  readonly waiting: Waiting
  readonly #refreshMs: number
  readonly #gatherMs: number
  readonly #deps: Deps
  readonly #stopping = new AbortController()
  #signed: { bundle: Bundle; document: Uint8Array; index: number } | undefined
  #served: ServedBundle | undefined
  #checkpoint = ''
  #gathering: Promise<void> | undefined

  /** A new version, when the contents changed or the last version is old; resolves when that, or a later one, is served. */
  readonly publish = inRounds(() => this.#publish())
  readonly #witness = inRounds(() => this.#serve())

  constructor(options: { refreshMs: number; gatherMs: number }, deps: Deps) {
    this.#refreshMs = options.refreshMs
    this.#gatherMs = options.gatherMs
    this.#deps = deps
    this.waiting = new Waiting(deps)
  }

  async start(): Promise<void> {
    const { books, transparency, log } = this.#deps
    const orLog = (error: unknown) => {
      if (!this.#stopping.signal.aborted) log.error('bundle not served', { code: codeOf(error) })
    }
    books.onRecorded(({ act }) => {
      if (!silent.has(act)) this.publishSoon().catch(orLog)
    })
    transparency.onChanged(() => void this.#witness().catch(orLog))
    await this.publish().catch((error: unknown) => {
      // One that only reads has no new version to give, but answers everything else.
      if (books.refusal === undefined) throw error
      orLog(error)
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    this.waiting.close()
    await Promise.allSettled([this.#gathering, this.publish(), this.#witness()])
  }

  /** The same, together with whatever else changes within the next moment. */
  publishSoon(): Promise<void> {
    if (this.#gatherMs === 0) return this.publish()
    this.#gathering ??= this.#deps.clock.sleep(this.#gatherMs, this.#stopping.signal).then(() => {
      this.#gathering = undefined
      return this.publish()
    })
    return this.#gathering
  }

  /** Throws NOT_READY before the first version. */
  get current(): ServedBundle {
    if (this.#served === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'network bundle' })
    return this.#served
  }

  get version(): number {
    return this.#served?.bundle.version ?? 0
  }

  async #publish(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const { books, authority, transparency, log } = this.#deps
    let next: Bundle | undefined
    await books.record((register, now) => {
      const last = register.published
      const contents = { v: 2 as const, ...bundleContents(register, this.#deps.facts(), now) }
      const digest = digestOf({ ...contents, version: 0, issuedAt: 0 })
      // A registry that may write nothing goes on with the version it has.
      const isOld = now - (last?.issuedAt ?? 0) >= this.#refreshMs && books.refusal === undefined
      if (last?.digest === digest && !isOld) {
        next = { ...contents, version: last.version, issuedAt: last.issuedAt }
        return undefined
      }
      const version = (last?.version ?? 0) + 1
      next = { ...contents, version, issuedAt: now }
      return { act: 'published', version, digest }
    })
    const { published } = books.register
    if (next === undefined || published?.version !== next.version) return
    if (this.#signed?.bundle.version === next.version) return
    const document = encodeSignedDocument(await authority.signDocument(bundle.encode(next)))
    this.#signed = { bundle: next, document, index: published.index }
    await transparency.openNow()
    await this.#witness()
    const { version, members, revoked } = next
    log.info('network bundle', { version, members: members.length, revoked: revoked.length })
  }

  /** Serves the signed version with the best proof there is now. */
  async #serve(): Promise<void> {
    const signed = this.#signed
    if (signed === undefined) return
    const { evidence, cosigned } = await this.#deps.transparency.proofOf(signed.index)
    const etag = cosigned ? `"${signed.bundle.version}w"` : `"${signed.bundle.version}"`
    // Under one tag, what was cosigned stays so; a note that got more lines takes the place of the one with fewer.
    if (this.#served?.etag === etag && (!cosigned || evidence.checkpoint === this.#checkpoint)) return
    const bytes = Buffer.from(witnessedBundle.encode({ document: signed.document, evidence }))
    this.#served = { bundle: signed.bundle, bytes, etag }
    this.#checkpoint = evidence.checkpoint
    this.waiting.changed()
  }
}

/** spec 11 §5: of the contents, without version and date, which are the line's own. */
function digestOf(contents: Bundle): string {
  return createHash('sha256').update(bundleContentBytes(contents)).digest('hex')
}
