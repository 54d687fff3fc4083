import { codeOf } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'

/** PS3.8 §7.1.1.13: odd numbers to 255, so 128 presentation contexts in one association. */
const contextsPerAssociation = 128
/** So often one instance may break the association before it counts as refused. */
const mostTries = 3
/** So many breaks one after the other, without any answer in between, are no instance's fault. */
const mostBreaks = 20
/** 0x0110, processing failure: what an instance counts as on which the association breaks every time. */
const processingFailure = 0x0110

/**
 * What is still to be delivered in one attempt. Some archives drop the whole association over one object: that one goes
 * to the end of the line, so that the others do not wait for it.
 */
export class DeliveryRound {
  readonly #waiting: Set<InstanceRecord>
  readonly #tries = new Map<string, number>()
  readonly #refusals: number[] = []
  #breaks = 0
  #done: number
  #answered = 0
  #broken: Error | undefined
  #unreadable: Error | undefined

  constructor(waiting: readonly InstanceRecord[], total: number) {
    this.#waiting = new Set(waiting)
    this.#done = total - waiting.length
  }

  get done(): number {
    return this.#done
  }
  /** How many times the PACS said anything. */
  get answered(): number {
    return this.#answered
  }
  get refusals(): readonly number[] {
    return this.#refusals
  }
  /** Why the association broke, when an instance counts as refused for it. */
  get broken(): Error | undefined {
    return this.#broken
  }
  /** Why an instance could not be read here. */
  get unreadable(): Error | undefined {
    return this.#unreadable
  }

  /** As many as fit in one association by their contexts; nearly always all. */
  nextGroup(): InstanceRecord[] {
    const contexts = new Set<string>()
    return [...this.#waiting].filter((instance) => {
      const context = contextOf(instance)
      if (contexts.has(context)) return true
      if (contexts.size >= contextsPerAssociation) return false
      contexts.add(context)
      return true
    })
  }

  /** Returns how many are in the PACS now. */
  stored(instance: InstanceRecord): number {
    this.#answer(instance)
    return ++this.#done
  }

  refused(instance: InstanceRecord, status: number): void {
    this.#answer(instance)
    this.#refusals.push(status)
  }

  /** Throws when it is the PACS that is ill. */
  broke(instance: InstanceRecord, error: unknown): void {
    this.#waiting.delete(instance)
    const failure = error instanceof Error ? error : new Error('association broken')
    if (!ofTheAssociation(codeOf(error))) {
      this.#unreadable ??= failure
      return
    }
    if (++this.#breaks >= mostBreaks) throw failure
    const tries = (this.#tries.get(instance.sopInstanceUid) ?? 0) + 1
    this.#tries.set(instance.sopInstanceUid, tries)
    if (tries < mostTries) {
      this.#waiting.add(instance)
      return
    }
    this.#broken = failure
    this.#refusals.push(processingFailure)
  }

  #answer(instance: InstanceRecord): void {
    this.#waiting.delete(instance)
    this.#answered++
    this.#breaks = 0
  }
}

export const contextOf = ({ sopClassUid, transferSyntaxUid }: InstanceRecord) =>
  `${sopClassUid} ${transferSyntaxUid}`

/** Ours, when reading or coercing the instance failed; everything else is between the PACS and us. */
export const ofTheAssociation = (code: string) =>
  /^(ASSOCIATION_|CONNECTION_|PDU_|COMMAND_|DIMSE_)/.test(code)
