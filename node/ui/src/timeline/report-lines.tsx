import { useQuery } from '@tanstack/react-query'
import { formatDate, useProblemText } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import { keys } from '../query-keys.ts'

const mostLines = 20

/** The beginning of the newest report. It is text from elsewhere: shown as text, never as a page. */
export function ReportLines({ uid, isHere }: { uid: string; isHere: boolean }) {
  const { t, i18n } = useTranslation()
  const problemText = useProblemText()
  const { data, error } = useQuery({
    queryKey: keys.reports(uid),
    queryFn: () => api.reports(uid),
    enabled: isHere,
    retry: false,
    staleTime: 60_000,
  })
  if (!isHere) return <p className="muted small">{t('preview.reportComes')}</p>
  if (error !== null) return <p className="muted small">{problemText(error)}</p>
  const [report] = data?.reports ?? []
  if (report === undefined) return data === undefined ? <p className="muted">{t('app.loading')}</p> : null
  const lines = report.text.split('\n')
  return (
    <section className="stack">
      <h4>{report.title || t('preview.report')}</h4>
      <p className="muted small">
        {[formatDate(report.date.slice(0, 10), i18n.language), report.author].filter(Boolean).join(' · ')}
      </p>
      <p className="report-text">
        {lines.slice(0, mostLines).join('\n')}
        {lines.length > mostLines && '\n…'}
      </p>
      {report.pdf !== null && (
        <a href={report.pdf} download>
          {t('preview.pdf')}
        </a>
      )}
    </section>
  )
}
