/** Documents for people: a report and a letter as a PDF. Knows no DICOM, no patient and no disk but its fonts'. */
export { letterPdf } from './letter-pdf.ts'
export type { LetterContent, LetterPart } from './letter-pdf.ts'
export { reportPdf } from './report-pdf.ts'
export type { PdfContent } from './report-pdf.ts'
