import { encapsulatedPdf, readReportDocument } from '@twiin/dicom'
import type { ReportDocument } from '@twiin/dicom'
import { codeOf, isTwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'

/** One study has no more reports than this that anybody reads. */
export const mostReports = 100

/** A code instead of a document that cannot be read. */
export async function readReport(
  instance: InstanceRecord,
  { studies }: { studies: Pick<Holdings, 'readDataSet'> },
): Promise<ReportDocument | string> {
  const { transferSyntaxUid, size, sopClassUid } = instance
  const dataSet = studies.readDataSet(instance)
  try {
    const isEncapsulated = sopClassUid === encapsulatedPdf
    const document = await readReportDocument({ transferSyntaxUid, size, dataSet }, { isEncapsulated })
    const isPdf = Buffer.from(document.encapsulated?.bytes.subarray(0, 5) ?? '').toString() === '%PDF-'
    return isEncapsulated && !isPdf ? 'REPORT_UNREADABLE' : document
  } catch (error) {
    if (isTwiinError(error, 'DICOM_UNREADABLE')) return 'REPORT_UNREADABLE'
    if (isTwiinError(error, 'REPORT_TOO_LARGE')) return codeOf(error)
    throw error
  }
}

/** What another version here replaces; what an addendum adds to stays valid beside it. */
export function replacedIn(
  documents: readonly Pick<ReportDocument, 'status' | 'predecessors'>[],
): ReadonlySet<string> {
  return new Set(documents.flatMap(({ status, predecessors }) => (status === 'addendum' ? [] : predecessors)))
}
