import { createHash } from 'node:crypto'
import type { ManifestInstance } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { ReceivingInstance, ReceivingStudy, StudySource } from '../ports.ts'

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
const nameOf = ({ sopInstanceUid, sha256: digest }: ManifestInstance) =>
  `${sopInstanceUid} ${Buffer.from(digest).toString('hex')}`

/** A holder's studies in memory. */
export class MemoryStudySource implements StudySource {
  readonly #studies = new Map<string, { instance: ManifestInstance; bytes: Uint8Array }[]>()

  constructor(studies: Record<string, Uint8Array[]>) {
    for (const [study, instances] of Object.entries(studies)) {
      const held = instances.map((bytes, i) => ({
        bytes,
        instance: {
          sopInstanceUid: `${study}.${i + 1}`,
          sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
          transferSyntaxUid: '1.2.840.10008.1.2.1',
          bytes: bytes.byteLength,
          sha256: sha256(bytes),
        },
      }))
      this.#studies.set(study, held)
    }
  }
  async manifestInstances(study: string): Promise<ManifestInstance[]> {
    return (this.#studies.get(study) ?? []).map(({ instance }) => instance)
  }
  async *read(study: string, instance: ManifestInstance, offset: number): AsyncGenerator<Uint8Array> {
    const held = this.#studies.get(study)?.find((each) => nameOf(each.instance) === nameOf(instance))
    if (held === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const chunk = 64 * 1024
    for (let at = offset; at < held.bytes.byteLength; at += chunk) yield held.bytes.subarray(at, at + chunk)
  }
}

/** What arrived of one study, in memory; survives any number of attempts. */
export class MemoryReceivingStudy implements ReceivingStudy {
  /** Committed data sets by SOP Instance UID. */
  readonly committed = new Map<string, Uint8Array>()
  readonly #partial = new Map<string, Uint8Array>()
  readonly #open = new Set<string>()
  /** Bytes ever written, those written twice included. */
  written = 0

  async has(instance: ManifestInstance): Promise<boolean> {
    const bytes = this.committed.get(instance.sopInstanceUid)
    return bytes !== undefined && Buffer.compare(sha256(bytes), instance.sha256) === 0
  }
  async stored(instance: ManifestInstance): Promise<number> {
    return this.#partial.get(nameOf(instance))?.byteLength ?? 0
  }
  async open(instance: ManifestInstance): Promise<ReceivingInstance> {
    const name = nameOf(instance)
    if (this.#open.has(name)) throw new TwiinError('OPEN_TWICE')
    this.#open.add(name)
    const before = this.#partial.get(name) ?? new Uint8Array(0)
    let chunks: Uint8Array[] = [before]
    const all = () => {
      const bytes = Buffer.concat(chunks)
      chunks = [bytes]
      return bytes
    }
    const close = (keep: boolean) => {
      if (keep) this.#partial.set(name, all())
      else this.#partial.delete(name)
      this.#open.delete(name)
    }
    return {
      offset: before.byteLength,
      write: async (chunk) => {
        this.written += chunk.byteLength
        chunks.push(Uint8Array.from(chunk))
      },
      digest: () => sha256(all()),
      commit: async () => {
        this.committed.set(instance.sopInstanceUid, all())
        close(false)
      },
      discard: async () => close(false),
      suspend: async () => close(true),
    }
  }
  /** Instances that are open: none once a transfer is over. */
  get openNow(): number {
    return this.#open.size
  }
}
