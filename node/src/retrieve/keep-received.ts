import type { HeadReader } from '@twiin/dicom'
import type { ManifestInstance } from '@twiin/protocol'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { IncomingInstance, StudyStore } from '@twiin/study-store'
import type { ReceivingInstance, ReceivingStudy } from '@twiin/transfer'
import { citizenNumbersOf } from '../intake/own-head.ts'
import { readHead } from '../holdings/read-head.ts'

interface Deps {
  studies: StudyStore
  heads: HeadReader
}

/** What arrives over the network goes into the study store like any instance, and can be continued after a cut. */
export class KeptStudy implements ReceivingStudy {
  readonly #options: { studyInstanceUid: string; holderUra: string; transferId: string }
  readonly #deps: Deps

  constructor(options: { studyInstanceUid: string; holderUra: string; transferId: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  async has({ sopInstanceUid, sha256 }: ManifestInstance): Promise<boolean> {
    const { studyInstanceUid, holderUra } = this.#options
    const known = await this.#deps.studies.instanceByUid(sopInstanceUid, holderUra, { rejected: true })
    if (known === undefined || !Buffer.from(known.sha256).equals(sha256)) return false
    const study = await this.#deps.studies.studyByUid(studyInstanceUid, holderUra, { rejected: true })
    return known.study === study?.handle
  }

  async stored(instance: ManifestInstance): Promise<number> {
    const incoming = await this.#open(instance)
    const { size } = incoming
    await incoming.suspend()
    return size
  }

  async open(instance: ManifestInstance): Promise<ReceivingInstance> {
    const incoming = await this.#open(instance)
    return {
      offset: incoming.size,
      write: (chunk) => incoming.write(chunk),
      digest: () => incoming.digest(),
      commit: () => this.#commit(instance, incoming),
      discard: () => incoming.discard(),
      suspend: () => incoming.suspend(),
    }
  }

  #open(instance: ManifestInstance): Promise<IncomingInstance> {
    const { holderUra, transferId } = this.#options
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, sha256 } = instance
    return this.#deps.studies.openIncoming({
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid,
      origin: { kind: 'remote', ura: holderUra, transferId },
      // The digest is part of the name: bytes of another version are never continued.
      resumeAs: `${transferId} ${sopInstanceUid} ${Buffer.from(sha256).toString('hex')}`,
    })
  }

  async #commit(instance: ManifestInstance, incoming: IncomingInstance): Promise<void> {
    try {
      const head = await readHead(instance.transferSyntaxUid, incoming, this.#deps.heads)
      if (
        head.studyInstanceUid !== this.#options.studyInstanceUid ||
        head.sopInstanceUid !== instance.sopInstanceUid
      ) {
        throw new TwiinError('MANIFEST_INVALID', { why: 'the data set is of another study' })
      }
      const citizenNumbers = citizenNumbersOf(head, { acceptLegacyOtherPatientIds: false })
      const { outcome } = await incoming.commit(head, { citizenNumbers })
      if (outcome === 'conflict') throw new TwiinError('INSTANCE_CONFLICT')
    } catch (error) {
      // Bytes that can never be right are not kept for the next try; the others are. Neither does anything once committed.
      if (isTwiinError(error, ...unusable)) await incoming.discard()
      else await incoming.suspend()
      throw error
    }
  }
}

const unusable = ['MANIFEST_INVALID', 'DICOM_UNREADABLE', 'HEADER_INVALID', 'HEADER_MISMATCH']
