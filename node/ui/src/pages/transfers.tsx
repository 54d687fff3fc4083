import { Empty, Problem, Skeleton, useRowKeys } from '@twiin/ui-kit'
import { ArrowLeftRight } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { Transfer } from '../api-types.ts'
import { PageTitle } from '../parts/page-title.tsx'
import { QueueCards, QueueTroubles } from '../parts/queue-cards.tsx'
import { SpacerRow } from '../parts/spacer-row.tsx'
import { TransferRow } from '../parts/transfer-row.tsx'
import { useVirtualRows } from '../parts/use-virtual-rows.ts'
import { useTransfers } from '../queries.ts'

const filters = {
  all: () => true,
  in: ({ kind }: Transfer) => kind !== 'send',
  out: ({ kind }: Transfer) => kind === 'send',
  problems: ({ state, attempts }: Transfer) =>
    state === 'failed' || state === 'held' || (state === 'queued' && attempts > 1),
} as const
type Filter = keyof typeof filters
const filterNames = Object.keys(filters) as Filter[]

/** All that is, was or will be on its way: state, reason, next try. */
export function TransfersPage() {
  const { t } = useTranslation()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useTransfers()
  const [params, setParams] = useSearchParams()
  const [opened, setOpened] = useState<string>()
  const filter = filterNames.find((name) => name === params.get('toon')) ?? 'all'
  const all = data?.pages.flatMap(({ transfers }) => transfers)
  const shown = all?.filter(filters[filter]) ?? []
  const { frame, measure, drawn, before, after, isVirtual, toEdge } = useVirtualRows(shown, {
    keyOf: ({ id }) => id,
    rowHeight: 61,
  })
  const onKeyDown = useRowKeys({}, toEdge)
  return (
    <>
      <PageTitle title={t('transfers.title')}>
        <fieldset className="segments">
          <legend className="hidden-text">{t('transfers.filter')}</legend>
          {filterNames.map((name) => (
            <label key={name} className="segment">
              <input
                type="radio"
                name="filter"
                checked={filter === name}
                onChange={() => setParams(name === 'all' ? {} : { toon: name }, { replace: true })}
              />
              <span>
                {t(`transfers.${name}`)}{' '}
                <span className="segment-count">{all?.filter(filters[name]).length ?? ''}</span>
              </span>
            </label>
          ))}
        </fieldset>
      </PageTitle>
      <QueueCards transfers={all ?? []} />
      <QueueTroubles />
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {all === undefined && error === null && <Skeleton rows={8} />}
      {all?.length === 0 && (
        <Empty icon={ArrowLeftRight} title={t('transfers.emptyTitle')} text={t('transfers.emptyText')} />
      )}
      {all !== undefined && all.length > 0 && shown.length === 0 && (
        <p className="muted">{t('transfers.emptyFilter')}</p>
      )}
      {shown.length > 0 && (
        <div className="table-frame" ref={frame}>
          {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
          <div onKeyDown={onKeyDown}>
            <table
              className="table transfers"
              aria-label={t('transfers.label')}
              aria-rowcount={shown.length + 1}
              data-virtual={isVirtual}
            >
              <thead>
                <tr>
                  <th scope="col">{t('transfers.kind')}</th>
                  <th scope="col">{t('transfers.study')}</th>
                  <th scope="col">{t('transfers.counterparty')}</th>
                  <th scope="col">{t('timeline.state')}</th>
                  <th scope="col">{t('transfers.changed')}</th>
                  <th scope="col">
                    <span className="hidden-text">{t('timeline.action')}</span>
                  </th>
                </tr>
              </thead>
              <SpacerRow height={before} columns={6} />
              {drawn.map(({ row: transfer, index }) => (
                <tbody key={transfer.id} ref={measure} data-index={index}>
                  <TransferRow
                    transfer={transfer}
                    isOpen={opened === transfer.id}
                    onToggle={() => setOpened((now) => (now === transfer.id ? undefined : transfer.id))}
                  />
                </tbody>
              ))}
              <SpacerRow height={after} columns={6} />
            </table>
          </div>
        </div>
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
    </>
  )
}
