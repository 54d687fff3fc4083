import type { HeadReader } from '@twiin/dicom'
import type { MemoryBudget, PeerHost } from '@twiin/network'
import { limits, protocolIds, transferRequest } from '@twiin/protocol'
import type { Manifest, ManifestInstance, Signer, TransferRequest, VerifySignature } from '@twiin/protocol'
import type { Clock } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { StudyStore } from '@twiin/study-store'
import { receiveStudy } from '@twiin/transfer'
import { KeptStudy } from './keep-received.ts'

export interface FetchedStudy {
  manifestDigest: Uint8Array
  instances: readonly ManifestInstance[]
}

export interface Fetch {
  transferId: string
  studyInstanceUid: string
  holder: { ura: string; peerId: string }
  /** What entitles us; id, time and addressee are filled in for each channel. */
  entitlement: Entitlement
  onManifest: (manifest: Manifest) => Promise<void>
  onProgress: (progress: {
    instances: { done: number; total: number }
    bytes: { done: number; total: number }
  }) => void
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type Entitlement = Without<TransferRequest, 'requestId' | 'issuedAt' | 'holder'>

interface Deps {
  host: PeerHost
  studies: StudyStore
  heads: HeadReader
  budget: MemoryBudget
  signer: Signer<'twiin/request/v1'>
  verify: VerifySignature
  clock: Clock
  random: (bytes: number) => Uint8Array
  /** `<transfer>.<study>` → signed manifest. */
  evidence: Repository<Uint8Array>
  sealer: Sealer
}

/** Fetches what is still missing of one study from its holder (spec 05). Throws the codes of packages/transfer. */
export class FetchStudy {
  readonly #options: { lanes: number }
  readonly #deps: Deps

  constructor(options: { lanes: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  async fetch(work: Fetch, signal: AbortSignal): Promise<FetchedStudy> {
    const { host, studies, heads, budget, signer, verify, clock, random } = this.#deps
    const { holder, studyInstanceUid, transferId } = work
    let instances: readonly ManifestInstance[] = []
    const { manifestDigest } = await receiveStudy(
      { recipient: host.peerId, lanes: this.#options.lanes },
      {
        open: (lane, until) =>
          host.open(holder.peerId, protocolIds.transfer, {
            maxFrameBytes: limits.transferFrameBytes,
            lane,
            signal: until,
          }),
        request: () =>
          transferRequest.sign(
            {
              ...work.entitlement,
              requestId: random(16),
              issuedAt: clock.now(),
              holder: holder.peerId,
            },
            signer,
          ),
        store: new KeptStudy({ studyInstanceUid, holderUra: holder.ura, transferId }, { studies, heads }),
        verify,
        budget,
        clock,
        onManifest: async (signed, manifest) => {
          instances = manifest.instances
          await this.#keepAsEvidence(work, signed)
          await work.onManifest(manifest)
        },
        onProgress: work.onProgress,
      },
      signal,
    )
    return { manifestDigest, instances }
  }

  /** spec 05 §3: the first manifest of a job is what the holder vouched for. */
  async #keepAsEvidence({ transferId, studyInstanceUid }: Fetch, signed: Uint8Array): Promise<void> {
    const { evidence, sealer } = this.#deps
    const key = `${transferId}.${sealer.opaque('study', studyInstanceUid)}`
    if (!(await evidence.has(key))) await evidence.put(key, signed)
  }
}
