import type { Clock } from '@twiin/runtime'
import type { Register } from '../ledger/register.ts'
import type { OpenCheckpoint } from './open-checkpoint.ts'
import { foundingWitnesses, mayWitness, phaseOf, quorum } from './witness-set.ts'

/** spec 11 §3: sixteen signatures, of which one is the log's. */
const mostCosignatures = 15

/** Whose cosignatures are taken, and how many are enough. */
export class CosignatureRules {
  readonly #register: Register
  readonly #clock: Pick<Clock, 'now'>

  constructor(register: Register, clock: Pick<Clock, 'now'>) {
    this.#register = register
    this.#clock = clock
  }

  get phase(): 'founding' | 'required' {
    return phaseOf(this.#register, this.#clock.now())
  }

  get quorum(): number {
    return this.#register.foundingEnded?.quorum ?? quorum
  }

  mayCosign(peerId: string): boolean {
    const { keys } = this.#register
    const isKnown = this.#isWitness(peerId) && keys.get(peerId)?.ended === undefined
    return isKnown || mayWitness(this.#register, peerId, this.#clock.now())
  }

  /** Members that are no witnesses must never take the place of one that is. */
  hasRoom({ cosigners }: OpenCheckpoint, peerId: string): boolean {
    if (this.#isWitness(peerId)) return cosigners.size < mostCosignatures
    const others = [...cosigners.keys()].filter((name) => !this.#isWitness(name)).length
    return this.#witnesses().size + others < mostCosignatures
  }

  /**
   * Whether the next checkpoint may be opened because this one has what it needs. A network without witnesses needs
   * nothing; one that is being founded needs those three that end the founding.
   */
  isComplete(checkpoint: OpenCheckpoint, cosigned: OpenCheckpoint | undefined): boolean {
    const { witnesses } = this.#register
    if (this.phase === 'required') return this.isEnough(checkpoint, cosigned)
    return this.count(checkpoint, witnesses) >= Math.min(witnesses.length, foundingWitnesses)
  }

  /**
   * A quorum of the witnesses. Nodes judge the bundle that names a new set by the old one (spec 11 §6): until such a bundle
   * is cosigned, a quorum of the old set as well.
   */
  isEnough(checkpoint: OpenCheckpoint, cosigned: OpenCheckpoint | undefined): boolean {
    const { witnesses, witnessesBefore } = this.#register
    if (this.count(checkpoint, witnesses) < this.quorum) return false
    if (this.isSettled(cosigned)) return true
    const left = witnessesBefore.filter((peerId) => this.#register.keys.get(peerId)?.ended === undefined)
    return left.length < this.quorum || this.count(checkpoint, witnessesBefore) >= this.quorum
  }

  /** Still, after witnesses came and went. */
  isConvincing(cosigned: OpenCheckpoint): boolean {
    const { witnesses, witnessesBefore } = this.#register
    if (this.count(cosigned, witnesses) >= this.quorum) return true
    return !this.isSettled(cosigned) && this.count(cosigned, witnessesBefore) >= this.quorum
  }

  /** Whether the bundle that names the present witnesses is under a cosigned checkpoint. */
  isSettled(cosigned: OpenCheckpoint | undefined): boolean {
    const { witnessesBundle, witnessesBefore } = this.#register
    if (this.phase === 'founding' || witnessesBefore.length < this.quorum) return true
    return witnessesBundle !== undefined && cosigned !== undefined && cosigned.size > witnessesBundle
  }

  /** How many of these cosigned, without those whose key is ended: verifiers pass them over. */
  count({ cosigners }: OpenCheckpoint, witnesses: readonly string[]): number {
    const { keys } = this.#register
    return witnesses.filter((peerId) => cosigners.has(peerId) && keys.get(peerId)?.ended === undefined).length
  }

  #witnesses(): Set<string> {
    const { witnesses, witnessesBefore } = this.#register
    return new Set([...witnesses, ...witnessesBefore])
  }

  #isWitness(peerId: string): boolean {
    return this.#witnesses().has(peerId)
  }
}
