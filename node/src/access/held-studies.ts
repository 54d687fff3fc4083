import type { ManifestInstance } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord, StudyStore } from '@twiin/study-store'
import type { StudySource } from '@twiin/transfer'

/** The study store as the transfer protocol reads it: data sets exactly as they were received. */
export class HeldStudies implements StudySource {
  readonly #studies: StudyStore

  constructor(deps: { studies: StudyStore }) {
    this.#studies = deps.studies
  }

  async manifestInstances(studyInstanceUid: string): Promise<ManifestInstance[]> {
    const study = await this.#studies.studyByUid(studyInstanceUid)
    const instances: ManifestInstance[] = []
    if (study === undefined) return instances
    for await (const instance of this.#studies.instances(study.handle))
      instances.push(manifestInstance(instance))
    return instances
  }

  async *read(
    _study: string,
    { sopInstanceUid, sha256 }: ManifestInstance,
    offset: number,
  ): AsyncGenerator<Uint8Array> {
    const instance = await this.#studies.instanceByUid(sopInstanceUid)
    if (instance === undefined || !Buffer.from(instance.sha256).equals(sha256)) {
      throw new TwiinError('SOURCE_CHANGED')
    }
    yield* this.#studies.readDataSet(instance, { offset })
  }
}

function manifestInstance(instance: InstanceRecord): ManifestInstance {
  const { sopInstanceUid, sopClassUid, transferSyntaxUid, size, sha256 } = instance
  return { sopInstanceUid, sopClassUid, transferSyntaxUid, bytes: size, sha256 }
}
