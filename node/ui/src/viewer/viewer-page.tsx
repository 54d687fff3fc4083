import { useQueryClient } from '@tanstack/react-query'
import { Empty, Problem, Skeleton, sessionKey } from '@twiin/ui-kit'
import { ArrowLeft, ImageOff } from 'lucide-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { useOpened } from './opened-studies.ts'
import { Viewer } from './viewer.tsx'
import './viewer.css'
import './viewer-panes.css'

/** Pictures of one study, and of those beside it. The address holds a handle and the number of a search, nothing else. */
export function ViewerPage() {
  const { t } = useTranslation()
  const { handle = '' } = useParams()
  const [query] = useSearchParams()
  const navigate = useNavigate()
  const client = useQueryClient()
  const searchId = query.get('zoek') ?? undefined
  const { data, error, refetch } = useOpened(handle, searchId)
  const back = searchId === undefined ? '/studies' : `/zoeken/${encodeURIComponent(searchId)}`
  useEffect(() => {
    document.title = `${t('viewer.title')} – Twiin`
  }, [t])
  if (data)
    return (
      <Viewer
        key={handle}
        opened={data}
        onClose={() => void navigate(back)}
        onLoggedOut={() => client.setQueryData(sessionKey, 'ended')}
      />
    )
  return (
    <main className="alone">
      <h1 className="hidden-text">{t('viewer.title')}</h1>
      {data === null ? (
        <Empty icon={ImageOff} title={t('viewer.goneTitle')} text={t('viewer.goneText')} />
      ) : error === null ? (
        <Skeleton rows={6} />
      ) : (
        <Problem error={error} onRetry={refetch} />
      )}
      <Link className="button" to={back}>
        <ArrowLeft aria-hidden size={16} />
        {t('viewer.close')}
      </Link>
    </main>
  )
}
