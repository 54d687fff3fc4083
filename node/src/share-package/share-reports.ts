import type { ReportDocument } from '@twiin/dicom'
import type { InstanceRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'
import { mostReports, readReport, replacedIn } from '../reports/read-report.ts'
import { renderReport, reportText } from '../reports/render-report.ts'

/** A report that goes along. */
export interface LatestReport {
  instance: InstanceRecord
  title: string
  /** `YYYY-MM-DD` or ''. */
  date: string
  status: ReportDocument['status']
}

interface Deps {
  studies: Pick<Holdings, 'readDataSet'>
}

/** The latest version of each report among these instances that can be read, newest first. One is in memory at a time. */
export async function latestReports(
  instances: AsyncIterable<InstanceRecord> | Iterable<InstanceRecord>,
  deps: Deps,
): Promise<LatestReport[]> {
  const found: (LatestReport & Pick<ReportDocument, 'predecessors'>)[] = []
  for await (const instance of instances) {
    if (!instance.isReport || found.length >= mostReports) continue
    const document = await readReport(instance, deps)
    if (typeof document === 'string') continue
    const { title, date, status, predecessors } = document
    found.push({ instance, title, date, status, predecessors })
  }
  const replaced = replacedIn(found)
  return found
    .filter(({ instance }) => !replaced.has(instance.sopInstanceUid))
    .map(({ predecessors: _, ...report }) => report)
    .sort((one, other) => (one.date < other.date ? 1 : -1))
}

/**
 * `YYYY-MM-DD`, or '' when there are none. One that states no date counts as of today: what nobody can tell the age of is
 * not older than what is held back (spec 25 §1).
 */
export function youngestOf(reports: readonly { date: string }[], now: number): string {
  const today = new Date(now).toISOString().slice(0, 10)
  const days = reports.map(({ date }) => (Number.isNaN(Date.parse(`${date}T00:00:00Z`)) ? today : date))
  return days.reduce((one, other) => (one > other ? one : other), '')
}

/** As text and as PDF; of one that came as a PDF only that. Undefined: there is nothing in it that can be shown. */
export async function shownReport(
  { instance }: LatestReport,
  deps: Deps,
): Promise<{ text: string; pdf: Uint8Array } | undefined> {
  const document = await readReport(instance, deps)
  if (typeof document === 'string') return undefined
  if (document.encapsulated !== undefined) return { text: '', pdf: document.encapsulated.bytes }
  const text = reportText(document)
  return text === '' ? undefined : { text, pdf: await renderReport(document) }
}
