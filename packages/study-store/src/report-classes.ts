const storage = '1.2.840.10008.5.1.4.1.1'

/** SOP classes a reader would call a report; key objects, dose and CAD objects are structured reports only in form. */
const reportClasses: ReadonlySet<string> = new Set(
  [
    '88.11', // Basic Text SR
    '88.22', // Enhanced SR
    '88.33', // Comprehensive SR
    '88.34', // Comprehensive 3D SR
    '88.35', // Extensible SR
    '104.1', // Encapsulated PDF
    '104.2', // Encapsulated CDA
  ].map((suffix) => `${storage}.${suffix}`),
)

export function isReportClass(sopClassUid: string): boolean {
  return reportClasses.has(sopClassUid)
}
