import { readFile } from 'node:fs/promises'
import { decodeSignedDocument } from '@twiin/identity'
import type { DocumentVerifier } from '@twiin/identity'
import { bundle } from '@twiin/protocol'
import type { Bundle, Member } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'

/**
 * The signed network bundle this node goes by (spec 06 §3): who is a member and where, who is revoked, where entries
 * stand, who keeps the token key. The last one is on disk, so that a start without the registry is a start like any other.
 */
export class NetworkBundle {
  readonly #file: string
  readonly #verifier: DocumentVerifier
  readonly #trustDomain: string
  readonly #log: Logger
  readonly #listeners: ((bundle: Bundle) => void)[] = []
  #current: Bundle | undefined
  #members = new Map<string, Member>()
  #revokedSerials = new Set<string>()
  #revokedPeers = new Set<string>()
  #pending: Promise<unknown> = Promise.resolve()

  constructor(
    options: { file: string; trustDomain: string },
    deps: { verifier: DocumentVerifier; log: Logger },
  ) {
    this.#file = options.file
    this.#trustDomain = options.trustDomain
    this.#verifier = deps.verifier
    this.#log = deps.log
  }

  /** Takes what is on disk. A file that does not verify is left alone and reported: the registry will replace it. */
  async load(): Promise<void> {
    const bytes = await readFile(this.#file).catch(() => undefined)
    if (bytes === undefined) return
    try {
      this.#take(await this.#open(bytes))
    } catch (error) {
      this.#log.error('bundle on disk refused', { code: codeOf(error) })
    }
  }

  /**
   * Takes a newer bundle; resolves to whether it was newer. On disk before anybody is told, so that a restart cannot
   * forget a revocation, unless the disk is full. Throws `DOCUMENT_*`, `MESSAGE_*`, `TRUST_DOMAIN_OTHER`.
   */
  accept(bytes: Uint8Array): Promise<boolean> {
    const turn = this.#pending.then(async () => {
      const opened = await this.#open(bytes)
      // spec 06 §3: a node MUST NOT take a lower version.
      if (opened.version <= this.version) return false
      try {
        await writeFileDurably(this.#file, bytes, { mode: 0o600 })
      } catch (error) {
        // A full disk must not keep a revocation from being in force; a restart fetches it again.
        this.#log.error('bundle not written', { code: codeOf(error), version: opened.version })
      }
      this.#take(opened)
      this.#log.info('network bundle', {
        version: opened.version,
        members: opened.members.length,
        revoked: opened.revoked.length,
      })
      return true
    })
    this.#pending = turn.catch(() => {})
    return turn
  }

  onChange(listener: (bundle: Bundle) => void): void {
    this.#listeners.push(listener)
  }

  get version(): number {
    return this.#current?.version ?? 0
  }

  /** Throws `NOT_READY` before the first bundle arrived. */
  get current(): Bundle {
    if (this.#current === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'network bundle' })
    return this.#current
  }

  member(peerId: string): Member | undefined {
    return this.#members.get(peerId)
  }

  memberByUra(ura: string): Member | undefined {
    return this.#current?.members.find((member) => member.ura === ura)
  }

  isSerialRevoked(serial: string): boolean {
    return this.#revokedSerials.has(serial)
  }

  /** Revoked and not a member again under the same key. */
  isPeerRevoked(peerId: string): boolean {
    return this.#revokedPeers.has(peerId) && !this.#members.has(peerId)
  }

  addressesOf(peerId: string): readonly string[] {
    return (
      this.#members.get(peerId)?.addresses ??
      this.#current?.tokens.keepers.find((keeper) => keeper.peerId === peerId)?.addresses ??
      []
    )
  }

  async #open(bytes: Uint8Array): Promise<Bundle> {
    const opened = bundle.decode(await this.#verifier.verify(decodeSignedDocument(bytes)))
    if (opened.trustDomain !== this.#trustDomain)
      throw new TwiinError('TRUST_DOMAIN_OTHER', { domain: opened.trustDomain })
    return opened
  }

  #take(next: Bundle): void {
    this.#current = next
    this.#members = new Map(next.members.map((member) => [member.peerId, member]))
    this.#revokedSerials = new Set(next.revoked.map(({ serial }) => serial))
    this.#revokedPeers = new Set(next.revoked.map(({ peerId }) => peerId))
    for (const listener of this.#listeners) listener(next)
  }
}
