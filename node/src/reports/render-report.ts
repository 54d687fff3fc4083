import { readableName } from '@twiin/dicom'
import type { ReportDocument } from '@twiin/dicom'
import { reportPdf } from '@twiin/document'

const statusNames = {
  preliminary: 'voorlopig',
  final: 'definitief',
  corrected: 'gecorrigeerd',
  addendum: 'aanvulling',
} as const

/** A structured report as plain text; headings on lines of their own. */
export function reportText({ lines }: ReportDocument): string {
  return lines
    .map(({ kind, level, text }) => (kind === 'heading' && level === 0 ? `\n${text.toUpperCase()}` : text))
    .join('\n')
    .trim()
}

/** A structured report as a PDF for systems that cannot show it (spec 20 §4). The same report gives the same bytes. */
export function renderReport(report: ReportDocument): Promise<Buffer> {
  const { title, patient, study, author, institution, date, time, status, lines } = report
  return reportPdf({
    title: title || 'Verslag',
    facts: [
      ['Patiënt', readableName(patient.name)],
      ['Geboren', patient.birthDate],
      ['Onderzoek', [study.description, study.date].filter((part) => part !== '').join(', ')],
      ['Verslag', [statusNames[status], `${date} ${time}`.trim()].filter((part) => part !== '').join(', ')],
      ['Auteur', author],
      ['Instelling', institution],
    ],
    lines,
    remark: 'Weergave als PDF van een gestructureerd DICOM-verslag; het origineel is leidend.',
    unwritable: 'Sommige tekens kunnen hier niet worden getoond (□): lees het origineel.',
    madeAt: new Date(`${date || '1900-01-01'}T00:00:00Z`),
  })
}
