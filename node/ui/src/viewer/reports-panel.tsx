import { useQuery } from '@tanstack/react-query'
import { Empty, Problem, Skeleton, formatDate } from '@twiin/ui-kit'
import { ExternalLink, FileText } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'

interface Props {
  studyInstanceUid: string
  /** Reports that are still on their way are asked for again when all has come. */
  isWhole: boolean
}

/** Reports of a study as the node reads them: text as text, a PDF by the reader of documents of this computer. */
export function ReportsPanel({ studyInstanceUid, isWhole }: Props) {
  const { t, i18n } = useTranslation()
  const { data, error, refetch } = useQuery({
    queryKey: ['reports-of', studyInstanceUid, isWhole],
    queryFn: async () => (await api.reports(studyInstanceUid)).reports,
    placeholderData: (before) => before,
  })
  return (
    <section className="viewer-reports" aria-label={t('viewer.reports')}>
      <h2>{t('viewer.reports')}</h2>
      {error !== null && data === undefined && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={6} />}
      {data?.length === 0 && <Empty icon={FileText} title={t('viewer.reportsNone')} text="" />}
      {data?.map((report) => (
        <article key={`${report.holder} ${report.sopInstanceUid}`} data-latest={report.latest}>
          <h3>{report.title || t('viewer.reports')}</h3>
          <p className="viewer-report-facts">
            {[formatDate(report.date.slice(0, 10), i18n.language), report.author].filter(Boolean).join(' · ')}
            {!report.latest && ` · ${t('viewer.reportOld')}`}
          </p>
          <pre>{report.text}</pre>
          {report.pdf !== null && report.pdf.startsWith('/api/v1/') && (
            <a className="button button-small" href={report.pdf} target="_blank" rel="noreferrer">
              <ExternalLink aria-hidden size={14} />
              {t('viewer.reportPdf')}
            </a>
          )}
        </article>
      ))}
    </section>
  )
}
