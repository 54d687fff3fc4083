/** Documents for people: a report as a PDF. Knows no DICOM, no patient and no disk but its fonts'. */
export { reportPdf } from './report-pdf.ts'
export type { PdfContent } from './report-pdf.ts'
