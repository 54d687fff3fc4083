import type { AuthoredInstance, HeadReader } from '@twiin/dicom'
import type { StudyStore } from '@twiin/study-store'
import { readHead } from '../holdings/read-head.ts'
import { citizenNumbersOf, withOwnIssuer } from '../intake/own-head.ts'

interface Deps {
  studies: StudyStore
  heads: HeadReader
}

/** Takes what we wrote ourselves into the holdings, as if a machine of this hospital had stored it. */
export class StoreAuthored {
  readonly #options: { aeTitle: string; patientIdIssuer: string }
  readonly #deps: Deps

  constructor(options: { aeTitle: string; patientIdIssuer: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** Durable when it resolves; the same bytes again change nothing. */
  async store(instance: AuthoredInstance): Promise<void> {
    const { aeTitle, patientIdIssuer } = this.#options
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, file, dataSetOffset } = instance
    const incoming = await this.#deps.studies.openIncoming({
      ...{ sopClassUid, sopInstanceUid, transferSyntaxUid },
      origin: { kind: 'local', callingAe: aeTitle, calledAe: aeTitle },
    })
    try {
      await incoming.write(file.subarray(dataSetOffset))
      const head = await readHead(transferSyntaxUid, incoming, this.#deps.heads)
      await incoming.commit(withOwnIssuer(head, patientIdIssuer), {
        citizenNumbers: citizenNumbersOf(head, { acceptLegacyOtherPatientIds: false }),
      })
    } finally {
      await incoming.discard()
    }
  }
}
