import { createHash } from 'node:crypto'
import type { Repository } from '@twiin/store'

/**
 * What peers presented when they signed something that is kept: certificates end after a month, what they signed does not.
 * Spec 22 §1.
 */
export class CredentialBook {
  readonly #kept: Repository<Uint8Array>
  readonly #shown: (peerId: string) => Uint8Array | undefined

  constructor(deps: {
    /** `<peer>.<digest>` → credential */
    kept: Repository<Uint8Array>
    /** What that peer presented last, or this node presents. */
    shown: (peerId: string) => Uint8Array | undefined
  }) {
    this.#kept = deps.kept
    this.#shown = deps.shown
  }

  /** Durable when it resolves; nothing when that peer has shown none. */
  async note(peerId: string): Promise<void> {
    const credential = this.#shown(peerId)
    if (credential === undefined) return
    const digest = createHash('sha256').update(credential).digest('hex').slice(0, 32)
    const key = `${peerId}.${digest}`
    if (!(await this.#kept.has(key))) await this.#kept.put(key, credential)
  }

  async of(peerId: string): Promise<Uint8Array[]> {
    const found: Uint8Array[] = []
    for await (const [, credential] of this.#kept.entries({ prefix: `${peerId}.` })) found.push(credential)
    return found
  }
}
