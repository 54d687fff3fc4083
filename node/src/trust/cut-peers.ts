import type { Bundle } from '@twiin/protocol'

export type CutState = Bundle['revoked'][number]['state']

/** Who is cut off, by key and by certificate: fast, and in memory. */
export class CutPeers {
  readonly #states = new Map<string, CutState>()

  constructor(revocations: Iterable<Pick<Bundle['revoked'][number], 'peerId' | 'serial' | 'state'>>) {
    for (const { peerId, serial, state } of revocations)
      // A peer ID is no hexadecimal number: one map holds both.
      for (const name of [peerId, serial])
        if (this.#states.get(name) !== 'revoked') this.#states.set(name, state)
  }

  /** A revoked one is never merely suspended. */
  of(peerId: string, serial?: string): CutState | undefined {
    const states = [this.#states.get(peerId), serial === undefined ? undefined : this.#states.get(serial)]
    return states.includes('revoked') ? 'revoked' : states.find((state) => state !== undefined)
  }
}
