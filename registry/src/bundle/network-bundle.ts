import { createHash } from 'node:crypto'
import { encodeSignedDocument } from '@twiin/identity'
import type { CertificateAuthority } from '@twiin/identity'
import { bundle } from '@twiin/protocol'
import type { Bundle } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { Books } from '../ledger/books.ts'
import { bundleContents } from './bundle-contents.ts'
import type { BundleContents, BundleFacts } from './bundle-contents.ts'

export interface SignedBundle {
  readonly bundle: Bundle
  /** The signed document, CBOR. */
  readonly document: Uint8Array
}

/**
 * The current network bundle. A version is one set of contents for ever: its number and the digest of its contents are
 * in the ledger before anybody sees it, so a restart goes on where it was and never says two things under one number.
 */
export class NetworkBundle {
  readonly #refreshMs: number
  readonly #facts: () => BundleFacts
  readonly #books: Books
  readonly #authority: CertificateAuthority
  readonly #log: Logger
  #current: SignedBundle | undefined

  constructor(
    options: { refreshMs: number },
    deps: { facts: () => BundleFacts; books: Books; authority: CertificateAuthority; log: Logger },
  ) {
    this.#refreshMs = options.refreshMs
    this.#facts = deps.facts
    this.#books = deps.books
    this.#authority = deps.authority
    this.#log = deps.log
  }

  /** A new version, when the contents changed or the last version is old; resolves when that, or a later one, is served. */
  async publish(): Promise<void> {
    let next: Bundle | undefined
    await this.#books.record((register, now) => {
      const contents = bundleContents(register, this.#facts(), now)
      const digest = digestOf(contents)
      const last = register.published
      if (last?.digest === digest && now - last.issuedAt < this.#refreshMs) {
        next = { v: 1, version: last.version, issuedAt: last.issuedAt, ...contents }
        return undefined
      }
      const version = (last?.version ?? 0) + 1
      next = { v: 1, version, issuedAt: now, ...contents }
      return { act: 'published', version, digest }
    })
    if (next === undefined || this.version >= next.version) return
    const signed = await this.#sign(next)
    // A later publication may have been signed sooner.
    if (this.version >= next.version) return
    this.#current = signed
    const { version, members, revoked } = next
    this.#log.info('network bundle', { version, members: members.length, revoked: revoked.length })
  }

  /** Throws NOT_READY before the first version. */
  get current(): SignedBundle {
    if (this.#current === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'network bundle' })
    return this.#current
  }

  get version(): number {
    return this.#current?.bundle.version ?? 0
  }

  async #sign(contents: Bundle): Promise<SignedBundle> {
    const document = await this.#authority.signDocument(bundle.encode(contents))
    return { bundle: contents, document: encodeSignedDocument(document) }
  }
}

function digestOf(contents: BundleContents): string {
  return createHash('sha256')
    .update(bundle.encode({ v: 1, version: 1, issuedAt: 0, ...contents }))
    .digest('hex')
}
