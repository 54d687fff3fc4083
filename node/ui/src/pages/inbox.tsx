import { Empty, Problem, Skeleton, useRowKeys } from '@twiin/ui-kit'
import { Inbox } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Transfer } from '../api-types.ts'
import { InboxBar } from '../parts/inbox-bar.tsx'
import { InboxRow } from '../parts/inbox-row.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { SendDialog } from '../parts/send-dialog.tsx'
import type { SendableStudy } from '../parts/send-dialog.tsx'
import { useExceptions, useStudies, useTransfers } from '../queries.ts'

const filters = {
  open: ({ state }: Transfer) => state !== 'delivered' && state !== 'cancelled',
  arrived: ({ state }: Transfer) => state === 'delivered',
  all: () => true,
} as const
type Filter = keyof typeof filters
const filterNames = ['all', 'open', 'arrived'] as const satisfies Filter[]

/** What other hospitals sent here: for whom, why, whose it is, and what still has to be done about it. */
export function InboxPage() {
  const { t } = useTranslation()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useTransfers()
  const { data: exceptions } = useExceptions()
  const studies = useStudies().data?.pages.flatMap((page) => page.studies) ?? []
  const [filter, setFilter] = useState<Filter>('all')
  const [mailbox, setMailbox] = useState('')
  const [opened, setOpened] = useState<string>()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [sending, setSending] = useState<readonly SendableStudy[]>()
  const all = data?.pages.flatMap(({ transfers }) => transfers).filter(({ kind }) => kind === 'arrival')
  const mailboxes = [...new Set(all?.flatMap((one) => one.mailbox ?? []))].sort()
  const shown =
    all?.filter((one) => filters[filter](one) && (mailbox === '' || one.mailbox === mailbox)) ?? []
  const choose = (id: string) =>
    setChosen((before) => {
      const next = new Set(before)
      if (!next.delete(id)) next.add(id)
      return next
    })
  const onKeyDown = useRowKeys({ ' ': choose })
  const picked = all?.filter(({ id }) => chosen.has(id)) ?? []
  return (
    <>
      <PageTitle title={t('inbox.title')}>
        <fieldset className="segments">
          <legend className="hidden-text">{t('inbox.filter')}</legend>
          {filterNames.map((name) => (
            <label key={name} className="segment">
              <input type="radio" name="filter" checked={filter === name} onChange={() => setFilter(name)} />
              <span>
                {t(`inbox.${name}`)}{' '}
                <span className="segment-count">{all?.filter(filters[name]).length ?? ''}</span>
              </span>
            </label>
          ))}
        </fieldset>
      </PageTitle>
      <p className="lead">{t('inbox.lead')}</p>
      {mailboxes.length > 0 && (
        <label className="mailbox">
          {t('inbox.mailbox')}{' '}
          <select
            className="select-small"
            value={mailbox}
            onChange={({ target }) => setMailbox(target.value)}
          >
            <option value="">{t('inbox.everyMailbox')}</option>
            {mailboxes.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {all === undefined && error === null && <Skeleton rows={8} />}
      {all?.length === 0 && <Empty icon={Inbox} title={t('inbox.emptyTitle')} text={t('inbox.emptyText')} />}
      {all !== undefined && all.length > 0 && shown.length === 0 && (
        <p className="muted">{t('transfers.emptyFilter')}</p>
      )}
      {shown.length > 0 && (
        <div className="table-frame">
          {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
          <div onKeyDown={onKeyDown}>
            <table className="table inbox" aria-label={t('inbox.label')}>
              <thead>
                <tr>
                  <th scope="col">
                    <span className="hidden-text">{t('inbox.choose')}</span>
                  </th>
                  <th scope="col">{t('transfers.study')}</th>
                  <th scope="col">{t('transfers.sender')}</th>
                  <th scope="col">{t('transfers.reason')}</th>
                  <th scope="col">{t('studies.patient')}</th>
                  <th scope="col">{t('timeline.state')}</th>
                  <th scope="col">{t('studies.received')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((arrival) => (
                  <InboxRow
                    key={arrival.id}
                    arrival={arrival}
                    studies={studies.filter((study) =>
                      arrival.studyInstanceUids.includes(study.studyInstanceUid),
                    )}
                    item={exceptions?.find(({ transferId }) => transferId === arrival.id)}
                    isChosen={chosen.has(arrival.id)}
                    isOpen={opened === arrival.id}
                    onChoose={() => choose(arrival.id)}
                    onToggle={() => setOpened((now) => (now === arrival.id ? undefined : arrival.id))}
                    onSend={setSending}
                  />
                ))}
              </tbody>
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
      {picked.length > 0 && <InboxBar arrivals={picked} onClear={() => setChosen(new Set())} />}
      {sending !== undefined && <SendDialog studies={sending} onClose={() => setSending(undefined)} />}
    </>
  )
}
