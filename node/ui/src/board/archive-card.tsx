import { useMutation, useQuery } from '@tanstack/react-query'
import { ApiError, formatBytes, formatDate, formatInstant, Problem, say, useCodeText } from '@twiin/ui-kit'
import { RefreshCw } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

/** How far the archive behind the node is indexed (spec 18). Nothing where there is none. */
export function ArchiveCard() {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const lookAgain = useLookAgain()
  const { data, error, refetch } = useQuery({
    queryKey: keys.archive,
    // A node without an archive has no such address.
    queryFn: async () => (hasArchive === false ? null : ask()),
    refetchInterval: 15_000,
    retry: false,
  })
  const look = useMutation({
    mutationFn: api.lookAtArchive,
    onSuccess: () => say({ text: t('archive.looking'), tone: 'done' }),
    onSettled: () => lookAgain(keys.archive),
  })
  if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />
  if (data === undefined || data === null) return null
  const { pass, cache, failure } = data
  const counted = Object.entries(pass ?? {}).filter(([, value]) => typeof value === 'number')
  return (
    <section className="stack">
      <h2>{t('archive.title')}</h2>
      <div className="card stack">
        {failure !== undefined && <p className="notice notice-warning">{codeText(failure)}</p>}
        <p>
          {pass === undefined
            ? t('archive.never')
            : pass.endedAt === undefined
              ? t('archive.underWay', {
                  since: formatInstant(pass.startedAt, i18n.language),
                  done: formatDate(pass.done, i18n.language),
                })
              : t('archive.ended', { at: formatInstant(pass.endedAt, i18n.language) })}
        </p>
        <p className="muted small">
          {counted.map(([name, value]) => `${name}: ${String(value)}`).join(' · ')}
          {counted.length > 0 && ' · '}
          {t('archive.cache', { count: cache.studies, size: formatBytes(cache.bytes, i18n.language) })}
        </p>
        <div>
          <button
            type="button"
            className="button button-small"
            disabled={look.isPending}
            onClick={() => look.mutate()}
          >
            <RefreshCw aria-hidden size={14} />
            {t('archive.look')}
          </button>
        </div>
      </div>
    </section>
  )
}

/** Learnt from the connections, so that nobody asks for what is not there. */
let hasArchive: boolean | undefined

async function ask() {
  const { connections } = await api.connections()
  hasArchive = connections.some(({ use }) => use === 'archive')
  if (!hasArchive) return null
  return api.archive().catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  })
}
