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
  #current: { version: number; signed: Promise<SignedBundle> } | undefined

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

  /** A new version, when the contents changed or the last version is old; resolves when it is the one that is served. */
  async publish(): Promise<void> {
    let contents: BundleContents | undefined
    const act = await this.#books.record((register, now) => {
      contents = bundleContents(register, this.#facts(), now)
      const digest = digestOf(contents)
      const last = register.published
      if (last?.digest === digest && now - last.issuedAt < this.#refreshMs) return undefined
      return { act: 'published', version: (last?.version ?? 0) + 1, digest }
    })
    const published = this.#books.register.published
    if (contents === undefined || published === undefined || this.#current?.version === published.version)
      return
    const { version, issuedAt } = published
    // A later publish may already have gone past this one: its contents are the ones of that version.
    if (act !== undefined && act.version !== version) return
    this.#current = { version, signed: this.#sign({ v: 1, version, issuedAt, ...contents }) }
    await this.#current.signed
    this.#log.info('network bundle', {
      version,
      members: contents.members.length,
      revoked: contents.revoked.length,
    })
  }

  /** Throws NOT_READY before the first version. */
  current(): Promise<SignedBundle> {
    if (this.#current === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'network bundle' })
    return this.#current.signed
  }

  get version(): number {
    return this.#current?.version ?? 0
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
