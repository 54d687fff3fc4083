import {
  authorInstance,
  codeItem,
  contextAttributes,
  referencesByStudy,
  shortText,
} from './authored-instance.ts'
import type { AuthoredInstance, DocumentContext, InstanceReference } from './authored-instance.ts'
import { completionOf } from './structured-report.ts'
import type { ReportStatus } from './structured-report.ts'

/** PS3.4 annex B.5: Encapsulated PDF Storage. */
export const encapsulatedPdf = '1.2.840.10008.5.1.4.1.1.104.1'

export interface EncapsulatedPdfOptions extends DocumentContext {
  status: ReportStatus
  title: string
  pdf: Uint8Array
  predecessors: readonly InstanceReference[]
  /** What it is a rendition of. */
  source?: InstanceReference
}

/** An Encapsulated PDF (PS3.3 §A.45.1). The same options give the same bytes. */
export function authorEncapsulatedPdf(options: EncapsulatedPdfOptions): AuthoredInstance {
  const { pdf, predecessors, source, status } = options
  const even = new Uint8Array(pdf.byteLength + (pdf.byteLength % 2))
  even.set(pdf)
  return authorInstance(encapsulatedPdf, {
    ...contextAttributes(options),
    Modality: 'DOC',
    ConversionType: 'WSD',
    AcquisitionDateTime: '',
    BurnedInAnnotation: 'YES',
    ...(source === undefined
      ? {}
      : {
          SourceInstanceSequence: [
            { ReferencedSOPClassUID: source.sopClassUid, ReferencedSOPInstanceUID: source.sopInstanceUid },
          ],
        }),
    DocumentTitle: shortText(options.title, 1024),
    ConceptNameCodeSequence: [
      codeItem({ value: '18748-4', scheme: 'LN', meaning: 'Diagnostic imaging report' }),
    ],
    // Standard extended (PS3.2 §7.3): where a structured report says so too.
    CompletionFlagDescription: completionOf[status],
    ...(predecessors.length === 0 ? {} : { PredecessorDocumentsSequence: referencesByStudy(predecessors) }),
    MIMETypeOfEncapsulatedDocument: 'application/pdf',
    EncapsulatedDocumentLength: pdf.byteLength,
    EncapsulatedDocument: even.buffer,
    _vrMap: { EncapsulatedDocument: 'OB' },
  })
}
