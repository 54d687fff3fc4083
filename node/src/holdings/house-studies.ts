import type { StudyRecord } from '@twiin/study-store'
import type { FileStudy } from '../filing/file-study.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Holdings } from './holdings.ts'

interface Deps {
  studies: Pick<Holdings, 'copiesOf'>
  book: Pick<TransferBook, 'get'>
  filing: Pick<FileStudy, 'isFiled'>
}

/** Which copies of studies are the whole hospital's. What one person fetched to look at is that person's. */
export class HouseStudies {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Made here, sent to this hospital, taken in from a disc, or filed under a number for its PACS. */
  async isOpen({ handle, origin, isWhole, identityConflict }: StudyRecord): Promise<boolean> {
    if (origin.kind === 'local') return true
    if (!isWhole || identityConflict) return false
    const transfer = await this.#deps.book.get(origin.transferId ?? '')
    if (transfer?.kind === 'disc' || transfer?.kind === 'arrival') return true
    if (transfer?.kind === 'retrieval' && transfer.destination === 'pacs') return true
    return origin.kind === 'remote' && this.#deps.filing.isFiled(handle, origin)
  }

  /** The copy that may leave, on a disc or as a send: this hospital's own, else the first that is open. */
  async copyToGive(studyInstanceUid: string): Promise<StudyRecord | undefined> {
    for (const copy of await this.#deps.studies.copiesOf(studyInstanceUid))
      if (await this.isOpen(copy)) return copy
    return undefined
  }
}
