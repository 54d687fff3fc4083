import { Empty, Problem, Skeleton } from '@twiin/ui-kit'
import { LibraryBig } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { HeldStudy } from '../api-types.ts'
import { formatName } from '../format.ts'
import { PageTitle } from '../parts/page-title.tsx'
import { SendBar } from '../parts/send-bar.tsx'
import { SendDialog } from '../parts/send-dialog.tsx'
import { StudiesTable } from '../parts/studies-table.tsx'
import { useStudies } from '../queries.ts'
import { useSession } from '../session.ts'
import { heldSubject } from '../shares/held-subject.ts'
import { LazyShareDialog } from '../shares/lazy-share-dialog.tsx'
import type { ShareSubject } from '../shares/shareable-study.ts'
import { WriteDiscDialog } from '../upload/write-disc-dialog.tsx'

/** Everything this hospital holds for the network, and why others can or cannot find it. */
export function StudiesPage() {
  const { t } = useTranslation()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useStudies()
  const [filter, setFilter] = useState('')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const { user } = useSession()
  const [writing, setWriting] = useState<readonly HeldStudy[]>()
  const [sharing, setSharing] = useState<ShareSubject>()
  const [sending, setSending] = useState<readonly HeldStudy[]>()
  const all = data?.pages.flatMap(({ studies }) => studies)
  const shown = all?.filter((study) => matches(study, filter)) ?? []
  const picked = all?.filter(({ handle }) => chosen.has(handle)) ?? []
  const choose = (handle: string) =>
    setChosen((before) => {
      const next = new Set(before)
      if (!next.delete(handle)) next.add(handle)
      return next
    })
  return (
    <>
      <PageTitle title={t('studies.title')}>
        <input
          type="search"
          data-search
          className="filter"
          aria-label={t('studies.filter')}
          placeholder={t('studies.filter')}
          autoComplete="off"
          value={filter}
          onChange={({ target }) => setFilter(target.value)}
        />
      </PageTitle>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {all === undefined && error === null && <Skeleton rows={10} />}
      {all?.length === 0 && (
        <Empty icon={LibraryBig} title={t('studies.emptyTitle')} text={t('studies.emptyText')} />
      )}
      {all !== undefined && all.length > 0 && shown.length === 0 && (
        <p className="muted">{t('studies.noMatch')}</p>
      )}
      {shown.length > 0 && (
        <StudiesTable
          studies={shown}
          chosen={chosen}
          onChoose={choose}
          onSend={(study) => setSending([study])}
          onShare={(study) => setSharing(heldSubject(all ?? [], [study]))}
        />
      )}
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
      {picked.length > 0 && (
        <SendBar
          studies={picked}
          onSend={() => setSending(picked)}
          onShare={() => setSharing(heldSubject(all ?? [], picked))}
          onWrite={user.role === 'operator' ? () => setWriting(picked) : undefined}
          onClear={() => setChosen(new Set())}
        />
      )}
      {writing !== undefined && (
        <WriteDiscDialog
          studyInstanceUids={writing.map(({ studyInstanceUid }) => studyInstanceUid)}
          onClose={() => setWriting(undefined)}
        />
      )}
      {sharing !== undefined && <LazyShareDialog subject={sharing} onClose={() => setSharing(undefined)} />}
      {sending !== undefined && (
        <SendDialog
          studies={sending}
          onClose={() => {
            setSending(undefined)
            setChosen(new Set())
          }}
        />
      )}
    </>
  )
}

function matches({ patient, description, modalities }: HeldStudy, filter: string): boolean {
  const text = [formatName(patient.name), patient.localId, description, ...modalities].join(' ')
  return text.toLocaleLowerCase().includes(filter.trim().toLocaleLowerCase())
}
