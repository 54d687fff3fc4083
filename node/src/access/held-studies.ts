import type { ManifestInstance, TransferRequest } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { ownerOf } from '@twiin/study-store'
import type { InstanceRecord } from '@twiin/study-store'
import type { StudySource } from '@twiin/transfer'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { Only } from '../send/follow-send.ts'

/**
 * The holdings as the transfer protocol reads them: data sets exactly as they were received. Of several copies of a
 * study it is the one that `Sends` offers: our own, else the first from elsewhere that is the
 * hospital's. What a peer may retrieve is always our own: nothing else is published or found (`OwnPatients`).
 */
export class HeldStudies implements StudySource {
  readonly #studies: Holdings
  readonly #house: Pick<HouseStudies, 'copyToGive'>
  readonly #onlyOf: (packageId: Uint8Array) => Promise<Only | undefined>
  readonly #excludedFrom: (packageId: Uint8Array) => Promise<readonly string[]>

  constructor(deps: {
    studies: Holdings
    house: Pick<HouseStudies, 'copyToGive'>
    /** The instances of a package that is not of a whole study (spec 20 §3). */
    onlyOf: (packageId: Uint8Array) => Promise<Only | undefined>
    /** Series modalities that stay here of what a package offers (spec 17 §5). */
    excludedFrom: (packageId: Uint8Array) => Promise<readonly string[]>
  }) {
    this.#studies = deps.studies
    this.#house = deps.house
    this.#onlyOf = deps.onlyOf
    this.#excludedFrom = deps.excludedFrom
  }

  async manifestInstances(studyInstanceUid: string, request?: TransferRequest): Promise<ManifestInstance[]> {
    const only = request?.kind === 'collect' ? await this.#onlyOf(request.package) : undefined
    if (only !== undefined) return this.#single(studyInstanceUid, only)
    const study = await this.#house.copyToGive(studyInstanceUid)
    const instances: ManifestInstance[] = []
    if (study === undefined) return instances
    const excluded = request?.kind === 'collect' ? await this.#excludedFrom(request.package) : []
    const staying = new Set<string>()
    if (study.modalities.some((modality) => excluded.includes(modality)))
      for await (const { seriesInstanceUid, modality } of this.#studies.series(study.handle))
        if (excluded.includes(modality)) staying.add(seriesInstanceUid)
    for await (const instance of this.#studies.instances(study.handle))
      if (!staying.has(instance.seriesInstanceUid)) instances.push(manifestInstance(instance))
    return instances
  }

  async #single(studyInstanceUid: string, only: Only): Promise<ManifestInstance[]> {
    const instances: ManifestInstance[] = []
    for (const uid of only.sopInstanceUids) {
      const instance = await this.#studies.instanceByUid(uid, only.owner, { rejected: true })
      if (instance === undefined || !maySend(instance)) continue
      const study = await this.#studies.studyByHandle(instance.study)
      if (study?.studyInstanceUid === studyInstanceUid) instances.push(manifestInstance(instance))
    }
    return instances
  }

  async *read(
    studyInstanceUid: string,
    { sopInstanceUid, sha256 }: ManifestInstance,
    offset: number,
  ): AsyncGenerator<Uint8Array> {
    // A copy that came in since the manifest was made may be the first now: the digest tells which one was meant.
    for (const { handle, origin } of await this.#studies.copiesOf(studyInstanceUid, { rejected: true })) {
      const instance = await this.#studies.instanceByUid(sopInstanceUid, ownerOf(origin), { rejected: true })
      if (instance?.study !== handle || !Buffer.from(instance.sha256).equals(sha256)) continue
      // Taken back while it was on its way.
      if (!maySend(instance)) continue
      yield* this.#studies.readDataSet(instance, { offset })
      return
    }
    throw new TwiinError('SOURCE_CHANGED')
  }
}

/** A note that takes others back is hidden with them, and goes where it has to. */
const maySend = ({ rejected, sopInstanceUid }: InstanceRecord) =>
  rejected === undefined || rejected.note === sopInstanceUid

function manifestInstance(instance: InstanceRecord): ManifestInstance {
  const { sopInstanceUid, sopClassUid, transferSyntaxUid, size, sha256 } = instance
  return { sopInstanceUid, sopClassUid, transferSyntaxUid, bytes: size, sha256 }
}
