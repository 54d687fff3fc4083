import { readFile } from 'node:fs/promises'
import { decodeSignedDocument } from '@twiin/identity'
import type { DocumentVerifier } from '@twiin/identity'
import { bundle as bundleType, witnessedBundle } from '@twiin/protocol'
import type { Bundle, Member, WitnessedBundle } from '@twiin/protocol'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import type { TrustedLog } from '@twiin/transparency'
import { CutPeers } from './cut-peers.ts'
import type { CutState } from './cut-peers.ts'
import { requireWhole } from './judge-bundle.ts'
import type { LogView } from './log-view.ts'
import type { Restrictions } from './restrictions.ts'
import { cosignaturesRequired, trustedLog } from './witnessing.ts'

interface Opened {
  readonly bytes: Uint8Array
  readonly bundle: Bundle
  readonly evidence: WitnessedBundle['evidence']
}

/** What became of a bundle: in force whole, its revocations in force, or nothing new. */
export type Taken = 'whole' | 'restricting' | 'nothing'

/** The newest that is held: what peers tell each other (spec 06 §8). */
export interface Held {
  readonly version: number
  readonly isWhole: boolean
}

/**
 * The signed network bundle this node goes by (spec 06 §3, 11 §6): who is a member and where, who is cut off, where entries
 * stand, who keeps the token key, who witnesses the log. The last one is on disk, so that a start without the registry is a
 * start like any other.
 */
export class NetworkBundle {
  readonly #file: string
  readonly #trustDomain: string
  readonly #verifier: DocumentVerifier
  readonly #logView: LogView
  readonly #restrictions: Restrictions
  readonly #clock: Pick<Clock, 'now'>
  readonly #log: Logger
  readonly #listeners: ((bundle: Bundle) => void)[] = []
  #current: Opened | undefined
  #members = new Map<string, Member>()
  #cut = new CutPeers([])
  #trusted: { readonly isRequired: boolean; readonly log: TrustedLog } | undefined
  #restrictedSince: number | undefined
  /** Once seen, always so (spec 11 §6). */
  #wasRequired = false
  #pending: Promise<unknown> = Promise.resolve()

  constructor(
    options: { file: string; trustDomain: string },
    deps: {
      verifier: DocumentVerifier
      logView: LogView
      restrictions: Restrictions
      clock: Pick<Clock, 'now'>
      log: Logger
    },
  ) {
    this.#file = options.file
    this.#trustDomain = options.trustDomain
    this.#verifier = deps.verifier
    this.#logView = deps.logView
    this.#restrictions = deps.restrictions
    this.#clock = deps.clock
    this.#log = deps.log
  }

  /** Takes what is on disk. A file that does not verify is left alone and reported: the registry will replace it. */
  async load(): Promise<void> {
    await this.#restrictions.load()
    this.#restrictedSince = this.#clock.now()
    const bytes = await readFile(this.#file).catch(() => undefined)
    if (bytes === undefined) return
    try {
      // Its witnesses were judged when it came in, by a bundle that is no more.
      const opened = await this.#open(bytes)
      await this.#logView.pin(opened.bundle.log)
      this.#take(opened)
    } catch (error) {
      this.#log.error('bundle on disk refused', { code: codeOf(error) })
    }
  }

  /**
   * Takes a newer bundle, whole or for its revocations. On disk before anybody is told, so that a restart cannot forget a
   * revocation, unless the disk is full. Throws `DOCUMENT_*`, `MESSAGE_*`, `TRUST_DOMAIN_OTHER`, `LOG_KEY_CHANGED`; and of
   * a first one that may not be taken whole what `requireWhole` throws, for there is nothing that it could restrict.
   */
  accept(bytes: Uint8Array, from = 'registry'): Promise<Taken> {
    const turn = this.#pending.then(() => this.#accept(bytes, from))
    this.#pending = turn.catch(() => {})
    return turn
  }

  /** Told after every change, also one of the revocations alone. */
  onChange(listener: (bundle: Bundle) => void): void {
    this.#listeners.push(listener)
  }

  /** Of the bundle that is in force whole; 0 before the first. */
  get version(): number {
    return this.#current?.bundle.version ?? 0
  }

  /** Throws `NOT_READY` before the first bundle arrived. */
  get current(): Bundle {
    if (this.#current === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'network bundle' })
    return this.#current.bundle
  }

  /** Since when there are revocations in force that no witness has seen, milliseconds since the Unix epoch. */
  get restrictedSince(): number | undefined {
    return this.held.isWhole ? undefined : this.#restrictedSince
  }

  get held(): Held {
    const restricting = this.#restrictions.last.version
    return restricting > this.version
      ? { version: restricting, isWhole: false }
      : { version: this.version, isWhole: true }
  }

  /** For somebody who holds that: an encoded bundle from which there is something to learn, or undefined. */
  newerThan({ version, isWhole }: Held): Uint8Array | undefined {
    if (this.version > version || (this.version === version && !isWhole)) return this.#current?.bytes
    return this.#restrictions.last.version > version ? this.#restrictions.last.bytes : undefined
  }

  member(peerId: string): Member | undefined {
    return this.#members.get(peerId)
  }

  memberByUra(ura: string): Member | undefined {
    return this.#current?.bundle.members.find((member) => member.ura === ura)
  }

  /** Whether this peer stands in the bundle, as a member or a token keeper. */
  lists(peerId: string): boolean {
    return this.#members.has(peerId) || this.#keeper(peerId) !== undefined
  }

  /** How a certificate, or its key, is cut off now, if it is. */
  cutOf(peerId: string, serial?: string): CutState | undefined {
    return this.#cut.of(peerId, serial)
  }

  /** The keys that are cut off: another object after every change of them. */
  get cutPeers(): CutPeers {
    return this.#cut
  }

  /** Whose signatures make evidence convincing now: spec 11 §5 and §6. Throws `NOT_READY` before the first bundle. */
  trustedLog(): TrustedLog {
    const isRequired = this.#isRequired()
    if (this.#trusted?.isRequired !== isRequired) {
      const isCut = (peerId: string) => this.#cut.of(peerId) !== undefined
      this.#trusted = { isRequired, log: trustedLog(this.current, { isRequired, isCut }) }
    }
    return this.#trusted.log
  }

  addressesOf(peerId: string): readonly string[] {
    return this.#members.get(peerId)?.addresses ?? this.#keeper(peerId)?.addresses ?? []
  }

  #keeper(peerId: string) {
    return this.#current?.bundle.tokens.keepers.find((keeper) => keeper.peerId === peerId)
  }

  #isRequired(): boolean {
    const witnessing = this.#current?.bundle.witnessing
    this.#wasRequired ||= witnessing !== undefined && cosignaturesRequired(witnessing, this.#clock.now())
    return this.#wasRequired
  }

  async #accept(bytes: Uint8Array, from: string): Promise<Taken> {
    const opened = await this.#open(bytes)
    const { bundle, evidence } = opened
    // spec 06 §3: a node MUST NOT take a lower version.
    if (bundle.version <= this.version) return 'nothing'
    this.#logView.note(evidence.checkpoint, `bundle from ${from}`)
    try {
      requireWhole(bundle, evidence, {
        held: this.#current?.bundle,
        isCut: (peerId) => this.#cut.of(peerId) !== undefined,
        isRequired: this.#isRequired(),
        isLogTrusted: this.#logView.distrust === undefined,
        now: this.#clock.now(),
      })
    } catch (error) {
      if (this.#current === undefined || !isTwiinError(error)) throw error
      return this.#restrict(opened, error)
    }
    await this.#logView.pin(bundle.log)
    this.#logView.note(evidence.checkpoint, `bundle from ${from}`)
    try {
      await writeFileDurably(this.#file, bytes, { mode: 0o600 })
    } catch (error) {
      // A full disk must not keep a revocation from being in force; a restart fetches it again.
      this.#log.error('bundle not written', { code: codeOf(error), version: bundle.version })
    }
    await this.#restrictions.replacedBy(bundle)
    this.#take(opened)
    const { version, members, revoked } = bundle
    this.#log.info('network bundle', { version, members: members.length, revoked: revoked.length, from })
    return 'whole'
  }

  /** spec 11 §6: cutting is the safe direction, and must not wait for witnesses. */
  async #restrict({ bundle, bytes }: Opened, why: TwiinError): Promise<Taken> {
    if (!this.#restrictions.wouldAdd(bundle)) return 'nothing'
    const { version } = bundle
    if (this.held.isWhole) this.#restrictedSince = this.#clock.now()
    this.#log.warn('bundle restricts only', { version, code: why.code, ...why.facts })
    const isListed = (peerId: string) => this.lists(peerId)
    const durable = this.#restrictions.add(bundle, bytes, { now: this.#clock.now(), isListed })
    this.#cutAnew()
    await durable
    this.#tell()
    return 'restricting'
  }

  async #open(bytes: Uint8Array): Promise<Opened> {
    const { document, evidence } = witnessedBundle.decode(bytes)
    const opened = bundleType.decode(await this.#verifier.verify(decodeSignedDocument(document)))
    if (opened.trustDomain !== this.#trustDomain)
      throw new TwiinError('TRUST_DOMAIN_OTHER', { domain: opened.trustDomain })
    this.#logView.requireSame(opened.log)
    return { bytes, bundle: opened, evidence }
  }

  #take(opened: Opened): void {
    this.#current = opened
    this.#members = new Map(opened.bundle.members.map((member) => [member.peerId, member]))
    this.#cutAnew()
    this.#tell()
  }

  #cutAnew(): void {
    this.#cut = new CutPeers([...(this.#current?.bundle.revoked ?? []), ...this.#restrictions.entries])
    this.#trusted = undefined
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.current)
  }
}
