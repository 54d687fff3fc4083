import { readFile } from 'node:fs/promises'
import type { NodeKey } from '@twiin/identity'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { cosign, emptyRoot, parseCheckpoint, verifyCheckpoint, verifyConsistency } from '@twiin/transparency'
import type { Checkpoint } from '@twiin/transparency'
import type { LogView } from './log-view.ts'
import type { NetworkBundle } from './network-bundle.ts'
import type { LogAtRegistry } from './log-at-registry.ts'

const heldAtLeastMs = 10_000

/**
 * Why this witness signs nothing: the log shows a tree smaller than one it signed, or one that is no continuation; or it does
 * not know any more what it signed, for that file was damaged.
 */
export interface WitnessAlarm {
  readonly code: 'LOG_SHRANK' | 'LOG_INCONSISTENT' | 'WITNESS_MEMORY_DAMAGED'
  /** Milliseconds since the Unix epoch. */
  readonly since: number
}

/**
 * This node as a witness of the log, when the bundle names it (spec 11 §4): it signs each tree that continues the last one
 * it signed, and no other. What it signed is on disk before the signature leaves.
 */
export class Witness {
  readonly #file: string
  readonly #key: NodeKey
  readonly #registry: LogAtRegistry
  readonly #bundle: NetworkBundle
  readonly #logView: LogView
  readonly #clock: Clock
  readonly #log: Logger
  /** The last tree it signed, with the log's signature. */
  #last: Checkpoint | undefined
  #lastNote = ''
  #alarm: WitnessAlarm | undefined
  /** Nobody knows what the registry has of us after a start or a failure. */
  #isUncertain = true

  constructor(
    options: { file: string },
    deps: {
      key: NodeKey
      registry: LogAtRegistry
      bundle: NetworkBundle
      logView: LogView
      clock: Clock
      log: Logger
    },
  ) {
    this.#file = options.file
    this.#key = deps.key
    this.#registry = deps.registry
    this.#bundle = deps.bundle
    this.#logView = deps.logView
    this.#clock = deps.clock
    this.#log = deps.log
  }

  /** With a damaged file it sounds the alarm: a witness that forgot what it signed must not go on by itself, the node may. */
  async load(): Promise<void> {
    const note = await readFile(this.#file, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (note === undefined) return
    try {
      this.#last = parseCheckpoint(note)
      this.#lastNote = note
    } catch (error) {
      this.#log.error('what this witness signed is not readable: it signs nothing', { code: codeOf(error) })
      this.#alarm = { code: 'WITNESS_MEMORY_DAMAGED', since: this.#clock.now() }
    }
  }

  get alarm(): WitnessAlarm | undefined {
    return this.#alarm
  }

  /**
   * Whether this node is a witness now. It stays one while it distrusts the log: what it signs still is one list, and those
   * whose operators have settled the matter need it.
   */
  get isAppointed(): boolean {
    const { peerId } = this.#key
    return (
      this.#bundle.version > 0 &&
      this.#bundle.current.witnessing.witnesses.includes(peerId) &&
      this.#bundle.cutOf(peerId) === undefined
    )
  }

  /**
   * Waits for one newer tree and signs it. Resolves to whether the next turn may follow at once. Throws what the registry
   * or the disk did wrong, and LOG_SHRANK, LOG_INCONSISTENT, LOG_EQUIVOCATION, WITNESS_MEMORY_DAMAGED when there is nothing it may
   * sign.
   */
  async turn(signal?: AbortSignal): Promise<boolean> {
    if (!this.isAppointed) return false
    if (this.#alarm?.code === 'WITNESS_MEMORY_DAMAGED') throw new TwiinError('WITNESS_MEMORY_DAMAGED')
    const since = this.#base()
    const began = this.#clock.now()
    try {
      // At first the same tree is signed again: the registry may have lost the signature. Then only larger ones.
      const after = this.#isUncertain ? Math.max(0, since.size - 1) : since.size
      const wait = !this.#isUncertain
      const shown = await this.#registry.nextCheckpoint({ after, from: since.size, wait }, signal)
      if (shown !== undefined) await this.#sign(shown, since, after)
      this.#isUncertain = false
      // A registry that does not hold requests open is not asked without end.
      return shown !== undefined || !wait || this.#clock.now() - began >= heldAtLeastMs
    } catch (error) {
      this.#isUncertain = true
      if (isTwiinError(error, 'LOG_SHRANK', 'LOG_INCONSISTENT')) this.#raise(error.code)
      throw error
    }
  }

  /** What the next tree has to continue: what was signed last, or else the largest that was ever seen. */
  #base(): { size: number; root: Uint8Array } {
    const { newest } = this.#logView
    return this.#last ?? (newest === '' ? emptyTree : parseCheckpoint(newest))
  }

  async #sign(
    shown: { checkpoint: string; consistency: readonly Uint8Array[] },
    since: { size: number; root: Uint8Array },
    after: number,
  ): Promise<void> {
    const tree = this.#verified(shown.checkpoint)
    if (tree.size < since.size) return this.#complain(tree.size, after)
    if (!verifyConsistency({ first: since, second: tree }, shown.consistency)) {
      throw new TwiinError('LOG_INCONSISTENT', { size: tree.size, signed: since.size })
    }
    // spec 11 §4: on disk before the cosignature leaves.
    await writeFileDurably(this.#file, Buffer.from(shown.checkpoint), { mode: 0o600 })
    this.#last = tree
    this.#lastNote = shown.checkpoint
    const { peerId: name, publicKey } = this.#key
    const signer = { name, publicKey, sign: (message: Uint8Array) => this.#key.cosign(message) }
    const line = cosign(tree, signer, Math.floor(this.#clock.now() / 1000))
    await this.#registry.postCosignature(tree.size, line)
    this.#alarm = undefined
    this.#log.debug('tree cosigned', { size: tree.size })
  }

  /** Throws CHECKPOINT_INVALID; LOG_EQUIVOCATION when this tree contradicts another. */
  #verified(note: string): Checkpoint {
    const { identity } = this.#logView
    if (identity === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'network bundle' })
    const tree = verifyCheckpoint(note, identity)
    const isOther = this.#last?.size === tree.size && this.#logView.accuse(this.#lastNote, note, 'registry')
    if (isOther || this.#logView.note(note, 'registry') === 'contradiction')
      throw new TwiinError('LOG_EQUIVOCATION', { size: tree.size })
    return tree
  }

  /** A registry that was restored from a backup shows less than was signed: it is told what it has lost. */
  async #complain(size: number, after: number): Promise<void> {
    const note = this.#lastNote === '' ? this.#logView.newest : this.#lastNote
    await this.#registry.postWitnessed(note)
    throw new TwiinError('LOG_SHRANK', { size, signed: after })
  }

  #raise(code: WitnessAlarm['code']): void {
    if (this.#alarm?.code === code) return
    this.#alarm = { code, since: this.#clock.now() }
    this.#log.error('the log is not what this witness signed', { code, signed: this.#last?.size ?? 0 })
  }
}

const emptyTree = { size: 0, root: emptyRoot() }
