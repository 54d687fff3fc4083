import type { StudyRecord } from '@twiin/study-store'
import type { FileStudy } from '../filing/file-study.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Holdings } from './holdings.ts'

interface Deps {
  studies: Pick<Holdings, 'copiesOf'>
  book: Pick<TransferBook, 'get'>
  filing: Pick<FileStudy, 'isFiled'>
}

/** `given`: sent to this hospital, or on a disc that was brought to it; `fetched`: asked of its holder, for one purpose. */
export type CameBy = 'made' | 'given' | 'fetched' | 'fetched-in-emergency'

/** Which copies of studies are the whole hospital's. What one person fetched to look at is that person's. */
export class HouseStudies {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Made here, sent to this hospital, taken in from a disc, or filed under a number for its PACS. */
  async isOpen(copy: StudyRecord): Promise<boolean> {
    return (await this.cameBy(copy)) !== undefined
  }

  /** How a copy came to be the house's; undefined when it is not. Of a transfer that is forgotten: it was fetched. */
  async cameBy({ handle, origin, isWhole, identityConflict }: StudyRecord): Promise<CameBy | undefined> {
    if (origin.kind === 'local') return 'made'
    if (!isWhole || identityConflict) return undefined
    const transfer = await this.#deps.book.get(origin.transferId ?? '')
    if (transfer?.kind === 'disc' || transfer?.kind === 'arrival') return 'given'
    const isFetched = transfer?.kind === 'retrieval' && transfer.destination === 'pacs'
    const isOpen =
      isFetched || (origin.kind === 'remote' && (await this.#deps.filing.isFiled(handle, origin)))
    if (!isOpen) return undefined
    return transfer?.kind === 'retrieval' && transfer.emergency !== undefined
      ? 'fetched-in-emergency'
      : 'fetched'
  }

  /** The copy that may leave, on a disc or as a send: this hospital's own, else the first that is open. */
  async copyToGive(studyInstanceUid: string): Promise<StudyRecord | undefined> {
    for (const copy of await this.#deps.studies.copiesOf(studyInstanceUid))
      if (await this.isOpen(copy)) return copy
    return undefined
  }

  /** The copies of this study that are the house's, this hospital's own first, with how each came. */
  async openCopies(studyInstanceUid: string): Promise<{ copy: StudyRecord; cameBy: CameBy }[]> {
    const found: { copy: StudyRecord; cameBy: CameBy }[] = []
    for (const copy of await this.#deps.studies.copiesOf(studyInstanceUid)) {
      const cameBy = await this.cameBy(copy)
      if (cameBy !== undefined) found.push({ copy, cameBy })
    }
    return found
  }
}
