import type { Evidence } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { signCheckpoint } from '@twiin/transparency'
import type { LogIdentity, Signer } from '@twiin/transparency'
import type { Books } from '../ledger/books.ts'
import { CosignatureRules } from './cosignature-rules.ts'
import { inRounds } from './in-rounds.ts'
import { LatestFile } from './latest-file.ts'
import type { LedgerGuard } from './ledger-guard.ts'
import type { LogFiles } from './log-files.ts'
import { OpenCheckpoint } from './open-checkpoint.ts'
import { Waiting } from './waiting.ts'

export interface LogDeps {
  readonly books: Books
  readonly guard: LedgerGuard
  /** The log's own key. */
  readonly signer: Signer
  readonly clock: Clock
  readonly log: Logger
}

/**
 * The ledger as a transparency log: one checkpoint is open for cosignatures at a time, over as many lines as there were;
 * the next is opened when it has enough, or has waited long enough. Witnesses come to it (ADR 0014). spec 11 §3
 */
export class TransparencyLog implements Service {
  readonly name = 'log'
  readonly identity: LogIdentity
  readonly waiting: Waiting
  readonly rules: CosignatureRules
  readonly #openMs: number
  readonly #gatherMs: number
  readonly #deps: LogDeps
  readonly #cosignedFile: LatestFile
  readonly #openFile: LatestFile
  readonly #listeners: (() => void)[] = []
  readonly #stopping = new AbortController()
  readonly #advance = inRounds(() => this.#openNext())
  #open: OpenCheckpoint | undefined
  #last: OpenCheckpoint | undefined
  #cosigned: OpenCheckpoint | undefined
  /** Signed for whoever cannot wait until one is opened. */
  #sooner: OpenCheckpoint | undefined
  readonly #seen = new Map<string, { size: number; at: number }>()
  #wakes = 0
  #gathering = false

  constructor(
    options: { identity: LogIdentity; files: LogFiles; openMs: number; gatherMs: number },
    deps: LogDeps,
  ) {
    this.identity = options.identity
    this.#openMs = options.openMs
    this.#gatherMs = options.gatherMs
    this.#deps = deps
    this.#cosignedFile = new LatestFile({ path: options.files.cosigned })
    this.#openFile = new LatestFile({ path: options.files.open })
    this.waiting = new Waiting(deps)
    this.rules = new CosignatureRules(deps.books.register, deps.clock)
  }

  async start(): Promise<void> {
    const { books, guard } = this.#deps
    this.#cosigned = await this.#stored(this.#cosignedFile)
    const open = await this.#stored(this.#openFile)
    this.#open = (open?.size ?? 0) > (this.#cosigned?.size ?? 0) ? open : this.#cosigned
    for (const stored of [this.#cosigned, this.#open]) if (stored !== undefined) this.#noteSeen(stored)
    books.onRecorded(() => this.#grown())
    guard.onWhole(() => this.#grown())
    await this.#advance()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    this.waiting.close()
    await this.#advance().catch(() => {})
  }

  /** Told when a checkpoint was opened, or got a cosignature. */
  onChanged(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** What witnesses are asked to sign now. Throws LEDGER_BEHIND, or NOT_READY before the first. */
  get open(): OpenCheckpoint {
    if (this.#open !== undefined) return this.#open
    if (this.#deps.guard.isBehind) throw new TwiinError('LEDGER_BEHIND')
    throw new TwiinError('NOT_READY', { waitsFor: 'checkpoint' })
  }

  /** The newest checkpoint that convinces whoever asks for cosignatures, as far as we know. */
  get cosigned(): OpenCheckpoint | undefined {
    return this.#cosigned !== undefined && this.rules.isConvincing(this.#cosigned)
      ? this.#cosigned
      : undefined
  }

  /** Whether the present witnesses may change: the bundle that names them was cosigned. */
  get isSettled(): boolean {
    return this.rules.isSettled(this.#cosigned)
  }

  /** How many of these cosigned one and the same checkpoint. */
  mostCosigned(witnesses: readonly string[]): number {
    const counts = [this.#open, this.#last, this.#cosigned].map((checkpoint) =>
      checkpoint === undefined ? 0 : this.rules.count(checkpoint, witnesses),
    )
    return Math.max(...counts)
  }

  /** The last checkpoint that this peer cosigned, and when. */
  lastSeen(peerId: string): { size: number; at: number } | undefined {
    return this.#seen.get(peerId)
  }

  /** Opens a checkpoint over everything there is, as soon as one may be opened. */
  async openNow(): Promise<void> {
    await this.#advance()
  }

  /**
   * Takes a witness' line for the open checkpoint, or the one before; on disk when it resolves, for nobody cosigns a tree
   * twice. Throws CHECKPOINT_OTHER, PEER_UNKNOWN, CHECKPOINT_INVALID.
   */
  async takeCosignature(size: number, line: string): Promise<void> {
    const target = [this.#open, this.#last].find((checkpoint) => checkpoint?.size === size)
    if (target === undefined) throw new TwiinError('CHECKPOINT_OTHER')
    // spec 11 §3: the second word of the line is the name.
    const peerId = line.split(' ', 2)[1] ?? ''
    if (target.cosigners.has(peerId)) return
    if (!this.rules.mayCosign(peerId)) throw new TwiinError('PEER_UNKNOWN')
    if (!this.rules.hasRoom(target, peerId)) return
    target.add(line, peerId, this.#deps.clock.now())
    this.#noteSeen(target)
    const isNewest = target.size >= (this.#cosigned?.size ?? 0) && this.rules.isEnough(target, this.#cosigned)
    if (isNewest) this.#cosigned = target
    if (target === this.#open) await this.#openFile.write(target.note)
    if (isNewest) await this.#cosignedFile.write(target.note)
    this.#tell()
    if (this.#isComplete(target)) await this.#advance()
  }

  /**
   * What proves that line `index` stands in the log: under the newest convincing checkpoint when that covers it (`cosigned`),
   * else under one that only the log has signed. Throws LEDGER_BEHIND, LOG_RANGE_INVALID.
   */
  async proofOf(index: number): Promise<{ evidence: Evidence; cosigned: boolean }> {
    const { books } = this.#deps
    const { cosigned } = this
    const isCosigned = cosigned !== undefined && cosigned.size > index
    const { size, note } = isCosigned ? cosigned : await this.#signedOver(index)
    const [leaf] = await books.lines(index, index + 1)
    if (leaf === undefined) throw new TwiinError('LOG_RANGE_INVALID', { index })
    const path = books.tree.inclusionProof(index, size)
    return { evidence: { leaf, index, path, checkpoint: note }, cosigned: isCosigned }
  }

  /** The evidence a node may show. Throws LOG_NOT_COSIGNED when others would not believe it, yet. spec 11 §5 */
  async evidenceOf(index: number): Promise<Evidence> {
    const { evidence, cosigned } = await this.proofOf(index)
    if (!cosigned && this.rules.phase === 'required')
      throw new TwiinError('LOG_NOT_COSIGNED', { retryAfterSeconds: 2 })
    return evidence
  }

  #isComplete(checkpoint: OpenCheckpoint): boolean {
    return this.rules.isComplete(checkpoint, this.#cosigned)
  }

  async #signedOver(index: number): Promise<OpenCheckpoint> {
    for (const known of [this.#open, this.#sooner])
      if (known !== undefined && known.size > index) return known
    return (this.#sooner = await this.#sign())
  }

  #grown(): void {
    if (this.#gathering) return
    const { clock } = this.#deps
    this.#gathering = this.#gatherMs > 0
    const gathered = this.#gathering ? clock.sleep(this.#gatherMs, this.#stopping.signal) : Promise.resolve()
    this.#later(gathered, () => (this.#gathering = false))
  }

  #later(moment: Promise<void>, before: () => void): void {
    const advance = async () => {
      await moment
      before()
      await this.#advance()
    }
    advance().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted)
        this.#deps.log.error('checkpoint not opened', { code: codeOf(error) })
    })
  }

  async #openNext(): Promise<void> {
    const { books, guard, clock } = this.#deps
    const open = this.#open
    if (this.#stopping.signal.aborted || guard.isBehind) return
    if (open !== undefined && open.size >= books.tree.size) return
    const left = open === undefined ? 0 : open.openedAt + this.#openMs - clock.now()
    if (open !== undefined && left > 0 && !this.#isComplete(open)) {
      if (this.#wakes++ === 0) this.#later(clock.sleep(left, this.#stopping.signal), () => (this.#wakes = 0))
      return
    }
    const next = await this.#sign()
    this.#last = open
    this.#open = next
    this.#tell()
    // So that one that may sign nothing after a restart can still show the last it signed.
    await this.#openFile.write(next.note)
  }

  /** The newest tree. Its size and root are on disk before the signature is made. */
  async #sign(): Promise<OpenCheckpoint> {
    const { books, guard, signer, clock } = this.#deps
    if (guard.isBehind) throw new TwiinError('LEDGER_BEHIND')
    const { size } = books.tree
    const root = books.tree.root(size)
    await guard.remember({ size, root })
    const note = signCheckpoint({ origin: this.identity.origin, size, root }, signer)
    return new OpenCheckpoint({ note, identity: this.identity, openedAt: clock.now() })
  }

  /** A note from before the restart. One that this ledger does not lead to is a reason to stop writing. */
  async #stored(file: LatestFile): Promise<OpenCheckpoint | undefined> {
    const { guard, clock, log } = this.#deps
    const note = await file.read()
    if (note === undefined) return undefined
    try {
      const stored = new OpenCheckpoint({ note, identity: this.identity, openedAt: clock.now() })
      await guard.takeWord(note)
      return guard.isPartOfLedger(stored) ? stored : undefined
    } catch (error) {
      // The log can sign that tree again, and witnesses will come for the next one.
      log.error('stored checkpoint not read', { code: codeOf(error) })
      return undefined
    }
  }

  #noteSeen({ size, cosigners }: OpenCheckpoint): void {
    for (const [peerId, at] of cosigners)
      if ((this.#seen.get(peerId)?.size ?? 0) <= size) this.#seen.set(peerId, { size, at })
  }

  #tell(): void {
    this.waiting.changed()
    for (const listener of this.#listeners) listener()
  }
}
