import type { ManifestInstance } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { ownerOf } from '@twiin/study-store'
import type { InstanceRecord } from '@twiin/study-store'
import type { StudySource } from '@twiin/transfer'
import type { Holdings } from '../holdings/holdings.ts'

/**
 * The holdings as the transfer protocol reads them: data sets exactly as they were received. Of several copies of a
 * study it is the one that `Sends` offers: our own, else the first that came from elsewhere. What a peer may retrieve
 * is always our own: nothing else is published or found (`OwnPatients`).
 */
export class HeldStudies implements StudySource {
  readonly #studies: Holdings

  constructor(deps: { studies: Holdings }) {
    this.#studies = deps.studies
  }

  async manifestInstances(studyInstanceUid: string): Promise<ManifestInstance[]> {
    const [study] = await this.#studies.copiesOf(studyInstanceUid)
    const instances: ManifestInstance[] = []
    if (study === undefined) return instances
    for await (const instance of this.#studies.instances(study.handle))
      instances.push(manifestInstance(instance))
    return instances
  }

  async *read(
    studyInstanceUid: string,
    { sopInstanceUid, sha256 }: ManifestInstance,
    offset: number,
  ): AsyncGenerator<Uint8Array> {
    // A copy that came in since the manifest was made may be the first now: the digest tells which one was meant.
    for (const { handle, origin } of await this.#studies.copiesOf(studyInstanceUid)) {
      const instance = await this.#studies.instanceByUid(sopInstanceUid, ownerOf(origin))
      if (instance?.study !== handle || !Buffer.from(instance.sha256).equals(sha256)) continue
      yield* this.#studies.readDataSet(instance, { offset })
      return
    }
    throw new TwiinError('SOURCE_CHANGED')
  }
}

function manifestInstance(instance: InstanceRecord): ManifestInstance {
  const { sopInstanceUid, sopClassUid, transferSyntaxUid, size, sha256 } = instance
  return { sopInstanceUid, sopClassUid, transferSyntaxUid, bytes: size, sha256 }
}
