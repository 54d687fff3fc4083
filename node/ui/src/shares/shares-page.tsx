import { Empty, Problem, Skeleton } from '@twiin/ui-kit'
import { Share2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import '../i18n/late-shares.ts'
import type { Share } from '../api-types-shares.ts'
import { PageTitle } from '../parts/page-title.tsx'
import { ActDialog } from './act-dialogs.tsx'
import { isOver, needsAttention } from './share-look.ts'
import type { ShareAct } from './share-look.ts'
import { useShareName } from './share-name.ts'
import { useShares } from './share-queries.ts'
import { SharesTable } from './shares-table.tsx'
import './shares.css'

const filters = {
  all: () => true,
  current: (share: Share) => !isOver(share),
  attention: needsAttention,
  over: isOver,
} as const
type Filter = keyof typeof filters
const filterNames = Object.keys(filters) as Filter[]

/** What was shared with whom, what came of it, and what can still be done about it (spec 25 §6). */
export function SharesPage() {
  const { t } = useTranslation()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useShares()
  const nameOf = useShareName()
  const [params, setParams] = useSearchParams()
  const [words, setWords] = useState('')
  const [acting, setActing] = useState<{ share: Share; act: ShareAct }>()
  const filter = filterNames.find((name) => name === params.get('toon')) ?? 'all'
  const all = data?.pages.flatMap(({ shares }) => shares)
  const matches = (share: Share) =>
    [nameOf(share), share.recipient.email ?? '', share.createdBy.name]
      .join(' ')
      .toLocaleLowerCase()
      .includes(words.trim().toLocaleLowerCase())
  const shown = all?.filter((share) => filters[filter](share) && matches(share)) ?? []
  return (
    <>
      <PageTitle title={t('shares.title')}>
        <input
          type="search"
          data-search
          className="filter"
          aria-label={t('shares.filter')}
          placeholder={t('shares.filter')}
          autoComplete="off"
          value={words}
          onChange={({ target }) => setWords(target.value)}
        />
        <fieldset className="segments">
          <legend className="hidden-text">{t('shares.which')}</legend>
          {filterNames.map((name) => (
            <label key={name} className="segment">
              <input
                type="radio"
                name="filter"
                checked={filter === name}
                onChange={() => setParams(name === 'all' ? {} : { toon: name }, { replace: true })}
              />
              <span>
                {t(`shares.${name}`)}{' '}
                <span className="segment-count">{all?.filter(filters[name]).length ?? ''}</span>
              </span>
            </label>
          ))}
        </fieldset>
      </PageTitle>
      <p className="muted">{t('shares.lead')}</p>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {all === undefined && error === null && <Skeleton rows={8} />}
      {all?.length === 0 && (
        <Empty icon={Share2} title={t('shares.emptyTitle')} text={t('shares.emptyText')} />
      )}
      {all !== undefined && all.length > 0 && shown.length === 0 && (
        <p className="muted">{t('shares.emptyFilter')}</p>
      )}
      {shown.length > 0 && <SharesTable shares={shown} onAct={(share, act) => setActing({ share, act })} />}
      {hasNextPage && (
        <button
          type="button"
          className="button"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {t('app.more')}
        </button>
      )}
      {acting !== undefined && <ActDialog {...acting} onClose={() => setActing(undefined)} />}
    </>
  )
}
