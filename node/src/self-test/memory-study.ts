import { createHash } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import type { ManifestInstance } from '@twiin/protocol'
import type { ReceivingInstance, ReceivingStudy } from '@twiin/transfer'

/** Keeps what arrives of one small study in memory, for as long as somebody looks at it. */
export class MemoryStudy implements ReceivingStudy {
  readonly #mostBytes: number
  readonly #committed = new Map<string, Uint8Array>()

  constructor(options: { mostBytes: number }) {
    this.#mostBytes = options.mostBytes
  }

  /** A data set that came in whole. */
  dataSet(sopInstanceUid: string): Uint8Array | undefined {
    return this.#committed.get(sopInstanceUid)
  }

  async has({ sopInstanceUid }: ManifestInstance): Promise<boolean> {
    return this.#committed.has(sopInstanceUid)
  }

  async stored(): Promise<number> {
    return 0
  }

  /** Throws STUDY_TOO_LARGE. */
  async open({ sopInstanceUid, bytes }: ManifestInstance): Promise<ReceivingInstance> {
    if (bytes > this.#mostBytes) throw new TwiinError('STUDY_TOO_LARGE', { bytes })
    const chunks: Uint8Array[] = []
    return {
      offset: 0,
      write: async (chunk) => void chunks.push(Uint8Array.from(chunk)),
      digest: () => {
        const hash = createHash('sha256')
        for (const chunk of chunks) hash.update(chunk)
        return new Uint8Array(hash.digest())
      },
      commit: async () => void this.#committed.set(sopInstanceUid, Buffer.concat(chunks)),
      discard: async () => {},
      suspend: async () => {},
    }
  }
}
