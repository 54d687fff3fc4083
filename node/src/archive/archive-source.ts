import type { StoreRequest, StoreSink } from '@twiin/dimse'
import type { SeriesRecord } from '@twiin/study-store'
import type { ArchiveStudy } from './archive-study.ts'

/** Study dates, both ends included: `YYYY-MM-DD`. */
export interface DateWindow {
  from: string
  until: string
}

/** What a fetched instance is: as in a C-STORE, whichever way it came. */
export type FetchedFacts = Pick<StoreRequest, 'sopClassUid' | 'sopInstanceUid' | 'transferSyntaxUid'>

/** Opens the place for one instance that comes from the archive. */
export type OpenInstance = (facts: FetchedFacts) => Promise<StoreSink>

/**
 * The archive behind this node, as far as it is asked (spec 18 §2, §5). Every question may throw ARCHIVE_UNREACHABLE,
 * ARCHIVE_BUSY, ARCHIVE_TIMEOUT, ARCHIVE_REFUSED or ARCHIVE_INVALID, or the signal's reason.
 */
export interface ArchiveSource {
  /** Throws ARCHIVE_TOO_MANY when it does not give all of them. */
  studies(window: DateWindow, signal: AbortSignal): AsyncIterable<ArchiveStudy>
  /** Undefined when the archive does not have it. */
  study(studyInstanceUid: string, signal: AbortSignal): Promise<ArchiveStudy | undefined>
  /** The same, with what an answer of study level left out of the patient, where the archive can tell. */
  completed(study: ArchiveStudy, signal: AbortSignal): Promise<ArchiveStudy>
  series(studyInstanceUid: string, signal: AbortSignal): Promise<SeriesRecord[]>
  /** Every instance, into the places that `open` gives; resolves when the archive says that this was all. */
  fetch(studyInstanceUid: string, open: OpenInstance, signal: AbortSignal): Promise<void>
}
