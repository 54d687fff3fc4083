import { publicKeyOf } from '@twiin/identity'
import { TwiinError } from '@twiin/runtime'
import { addSignatures, cosignaturesOf, verifyCheckpoint, verifyCosignature } from '@twiin/transparency'
import type { Checkpoint, LogIdentity, Witness } from '@twiin/transparency'

/** How far a cosignature's time may be from the clock: clocks differ. spec 11 §3 */
const toleranceMs = 5 * 60_000

/** A checkpoint that gathers cosignatures. */
export class OpenCheckpoint {
  readonly openedAt: number
  readonly #checkpoint: Checkpoint
  /** Peer IDs, with when their cosignature came. */
  readonly #cosigners = new Map<string, number>()
  #note: string

  /** Cosignatures that the note has already are verified. Throws CHECKPOINT_INVALID. */
  constructor(options: { note: string; identity: LogIdentity; openedAt: number }) {
    this.#note = options.note
    this.openedAt = options.openedAt
    this.#checkpoint = verifyCheckpoint(options.note, options.identity)
    const names = this.#checkpoint.signatures.map(({ name }) => name)
    const witnesses = names.filter((name) => name !== options.identity.origin).map(witnessOf)
    for (const { name, time } of cosignaturesOf(this.#checkpoint, witnesses))
      // Nobody saw it after now, whatever it says.
      this.#cosigners.set(name, Math.min(time * 1000, options.openedAt))
  }

  get size(): number {
    return this.#checkpoint.size
  }

  get root(): Uint8Array {
    return this.#checkpoint.root
  }

  get note(): string {
    return this.#note
  }

  get cosigners(): ReadonlyMap<string, number> {
    return this.#cosigners
  }

  /**
   * Throws CHECKPOINT_INVALID for a line that is not this peer's cosignature of this checkpoint, or was made at another time
   * than about now (`at`).
   */
  add(line: string, peerId: string, at: number): void {
    const { time } = verifyCosignature(this.#checkpoint, line, witnessOf(peerId))
    if (Math.abs(time * 1000 - at) > toleranceMs)
      throw new TwiinError('CHECKPOINT_INVALID', { reason: 'COSIGNATURE_TIME' })
    this.#note = addSignatures(this.#note, [line])
    this.#cosigners.set(peerId, at)
  }
}

/** spec 11 §3: the name is the peer ID, from which the key follows. Throws PEER_ID_INVALID. */
function witnessOf(peerId: string): Witness {
  return { name: peerId, publicKey: publicKeyOf(peerId) }
}
