import type { HeadReader } from '@twiin/dicom'
import type { MemoryBudget, PeerHost } from '@twiin/network'
import { limits, manifest as manifestType, protocolIds, transferRequest } from '@twiin/protocol'
import type { Manifest, ManifestInstance, Signer, TransferRequest, VerifySignature } from '@twiin/protocol'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { InstanceRecord, StudyRecord, StudyStore } from '@twiin/study-store'
import { receiveStudy } from '@twiin/transfer'
import type { LinkSpeeds } from '../transfers/link-speeds.ts'
import { peerLink } from '../transfers/links.ts'
import type { Links } from '../transfers/links.ts'
import { KeptStudy } from './keep-received.ts'

export interface FetchedStudy {
  manifestDigest: Uint8Array
  instances: readonly ManifestInstance[]
}

/** So many of one study at once: who asks for more wants all of it. */
const mostWanted = 1000

/** One study of one transfer. */
export interface FetchedFrom {
  transferId: string
  studyInstanceUid: string
  holder: { ura: string; peerId: string }
}

export interface Fetch extends FetchedFrom {
  /** What entitles us, and what for; id, time and addressee are filled in for each channel. */
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
  /**
   * `<transfer>.<study>` → signed manifest, the first; with `.whole` behind it the one that was complete, when another; with
   * `.request` the request it answers.
   */
  evidence: Repository<Uint8Array>
  /** What the holder presented stays with what it signed (spec 22 §1). */
  noteCredential: (peerId: string) => Promise<void>
  sealer: Sealer
  links: Links
  speeds: LinkSpeeds
}

/**
 * Fetches what is still missing of one study from its holder (spec 05). Throws the codes of packages/transfer, and
 * `SHARING_NOT_SUPPORTED`: the holder cannot be told that it is for sharing, and is not asked in any other way.
 */
export class FetchStudy {
  readonly #options: { lanes: number }
  readonly #deps: Deps
  /** Holder and study → instances somebody waits for, of what is being fetched; and by how many transfers it is. */
  readonly #wanted = new Map<string, { instances: Set<string>; fetches: number }>()

  constructor(options: { lanes: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** Somebody waits for this instance: while its study is fetched, it comes before those nobody asked for yet. */
  wantFirst({ holder, studyInstanceUid }: Omit<FetchedFrom, 'transferId'>, sopInstanceUid: string): void {
    const instances = this.#wanted.get(`${holder.ura} ${studyInstanceUid}`)?.instances
    if (instances !== undefined && instances.size < mostWanted) instances.add(sopInstanceUid)
  }

  /** What the holder's latest manifest of this transfer names; undefined before there is one. */
  async named(work: FetchedFrom): Promise<readonly ManifestInstance[] | undefined> {
    const { evidence, verify } = this.#deps
    const key = this.#keyOf(work)
    const signed = (await evidence.get(`${key}.whole`)) ?? (await evidence.get(key))
    return signed && manifestType.open(signed, work.holder.peerId, verify).message.instances
  }

  async fetch(work: Fetch, signal: AbortSignal): Promise<FetchedStudy> {
    const key = `${work.holder.ura} ${work.studyInstanceUid}`
    const wanted = this.#wanted.get(key) ?? { instances: new Set<string>(), fetches: 0 }
    this.#wanted.set(key, wanted)
    wanted.fetches++
    try {
      return await this.#fetch(work, () => wanted.instances, signal)
    } finally {
      if (--wanted.fetches === 0) this.#wanted.delete(key)
    }
  }

  async #fetch(
    work: Fetch,
    wantedFirst: () => ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<FetchedStudy> {
    const { host, studies, heads, budget, signer, verify, clock, random } = this.#deps
    const { holder, studyInstanceUid, transferId } = work
    let instances: readonly ManifestInstance[] = []
    let latest: Uint8Array = new Uint8Array()
    let requested: Uint8Array | undefined
    let cannotBeTold = false
    const speed = this.#measure(holder)
    const { manifestDigest } = await receiveStudy(
      { recipient: host.peerId, lanes: this.#options.lanes },
      {
        open: async (lane, until) => {
          const options = { maxFrameBytes: limits.transferFrameBytes, lane, signal: until }
          try {
            return await host.open(holder.peerId, protocolOf(work.entitlement), options)
          } catch (error) {
            cannotBeTold ||= isToShare(work.entitlement) && isUnspoken(error)
            throw error
          }
        },
        request: () => {
          const signed = transferRequest.sign(
            {
              ...work.entitlement,
              requestId: random(16),
              issuedAt: clock.now(),
              holder: holder.peerId,
            },
            signer,
          )
          requested ??= signed.bytes
          return signed
        },
        store: new KeptStudy({ studyInstanceUid, holderUra: holder.ura, transferId }, { studies, heads }),
        verify,
        budget,
        clock,
        onManifest: async (signed, manifest) => {
          this.#deps.links.alive(peerLink(holder))
          instances = manifest.instances
          latest = signed
          await this.#keepAsEvidence(work, signed, requested)
          await work.onManifest(manifest)
        },
        wantedFirst,
        onProgress: (progress) => {
          speed.saw(progress.bytes.done)
          work.onProgress(progress)
        },
      },
      signal,
    )
      .catch((error: unknown) => {
        throw cannotBeTold ? new TwiinError('SHARING_NOT_SUPPORTED') : error
      })
      .finally(() => speed.end())
    const key = this.#keyOf(work)
    const first = await this.#deps.evidence.get(key)
    if (first === undefined || !Buffer.from(first).equals(latest))
      await this.#deps.evidence.put(`${key}.whole`, latest)
    // A manifest of nothing brings no study.
    if (instances.length > 0) await studies.markWhole(studyInstanceUid, holder.ura)
    return { manifestDigest, instances }
  }

  /**
   * What this transfer brought: the instances of the holder's manifest and no others, each checked to be of this study
   * as this holder gave it. Throws `STUDY_UNKNOWN`, `MANIFEST_INVALID`.
   */
  async brought(work: FetchedFrom): Promise<{ study: StudyRecord; instances: InstanceRecord[] }> {
    const { evidence, studies, verify } = this.#deps
    const key = this.#keyOf(work)
    const signed = (await evidence.get(`${key}.whole`)) ?? (await evidence.get(key))
    const study = await studies.studyByUid(work.studyInstanceUid, work.holder.ura, { rejected: true })
    if (signed === undefined || study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const { message } = manifestType.open(signed, work.holder.peerId, verify)
    const instances: InstanceRecord[] = []
    for (const { sopInstanceUid, sha256 } of message.instances) {
      const instance = await studies.instanceByUid(sopInstanceUid, work.holder.ura, { rejected: true })
      if (instance?.study !== study.handle || !Buffer.from(instance.sha256).equals(sha256))
        throw new TwiinError('MANIFEST_INVALID', { why: 'an instance is not of this study' })
      // Taken back since; a note that takes back is hidden too, and goes on all the same.
      const { rejected } = instance
      if (rejected === undefined || rejected.note === sopInstanceUid) instances.push(instance)
    }
    return { study, instances }
  }

  /** How fast this holder's bytes come; those that an earlier attempt brought do not count. */
  #measure(holder: { ura: string }) {
    const { speeds, clock } = this.#deps
    let first: { bytes: number; at: number } | undefined
    let last = 0
    return {
      saw: (bytes: number) => {
        first ??= { bytes, at: clock.now() }
        last = bytes
      },
      end: () => first && speeds.note(peerLink(holder), last - first.bytes, clock.now() - first.at),
    }
  }

  /** spec 05 §3: the first manifest of a job is what the holder vouched for. */
  async #keepAsEvidence(work: Fetch, signed: Uint8Array, request: Uint8Array | undefined): Promise<void> {
    const { evidence, noteCredential } = this.#deps
    const key = this.#keyOf(work)
    if (await evidence.has(key)) return
    await noteCredential(work.holder.peerId)
    if (request !== undefined) await evidence.put(`${key}.request`, request)
    await evidence.put(key, signed)
  }

  /** What was signed of this transfer, byte for byte. */
  async evidenceOf(work: FetchedFrom): Promise<{ manifests: Uint8Array[]; request: Uint8Array | undefined }> {
    const { evidence } = this.#deps
    const key = this.#keyOf(work)
    const found = [await evidence.get(key), await evidence.get(`${key}.whole`)]
    return {
      manifests: found.filter((signed) => signed !== undefined),
      request: await evidence.get(`${key}.request`),
    }
  }

  #keyOf({ transferId, studyInstanceUid }: FetchedFrom): string {
    return `${transferId}.${this.#deps.sealer.opaque('study', studyInstanceUid)}`
  }
}

const isToShare = (entitlement: Entitlement) => entitlement.kind === 'retrieve' && entitlement.use === 'share'

/** A holder of the version before would take it for a look (spec 05 §2). */
const protocolOf = (entitlement: Entitlement) =>
  isToShare(entitlement) ? protocolIds.transferToShare : protocolIds.transfer

const isUnspoken = (error: unknown) =>
  isTwiinError(error, 'PEER_REFUSED') && error.facts['reason'] === 'protocol not spoken'
