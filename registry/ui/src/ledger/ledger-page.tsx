import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Empty, Problem, Skeleton, useRowKeys } from '@twiin/ui-kit'
import { ScrollText } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { api } from '../api.ts'
import { Title } from '../frame/title.tsx'
import { useLogState } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { GoToLine } from './go-to-line.tsx'
import { LineRow } from './line-row.tsx'
import { readLine } from './read-line.ts'
import type { LedgerLine } from './read-line.ts'
import { acts, useLineWords } from './use-line-words.ts'

const pageSize = 100
/** Made by the hour and at every start of a node: what people did stands out without them. */
const routine = ['published', 'announced']
const withoutRoutine = 'notable'

/** The whole ledger, newest first, with what proves each line. For everybody. */
export function LedgerPage() {
  const { t } = useTranslation()
  const state = useLogState()
  const [params, setParams] = useSearchParams()
  const [act, setAct] = useState('')
  const words = useLineWords()
  const onKeyDown = useRowKeys()
  const asked = Number(params.get('regel') ?? Number.NaN)
  const opened = Number.isSafeInteger(asked) ? asked : undefined
  const size = state.data?.size ?? 0
  const [end, setEnd] = useState<number>()
  // A line that an address or a number leads to, not one that was pressed: it comes to the reader.
  const [wanted, setWanted] = useState(opened)
  // A line that was asked for stands in the middle; else the newest stand on top, and stay there while new ones come.
  const to = Math.min(size, end ?? (opened === undefined ? size : opened + pageSize / 2))
  const from = Math.max(0, to - pageSize)
  // Rows do not move under the pointer or the focus when new lines come.
  const settle = () => setEnd((now) => now ?? to)
  const { data, error, refetch } = useQuery({
    queryKey: [...keys.log, 'entries', String(from), String(to)],
    queryFn: () => api.logEntries(from, to - from),
    enabled: to > from,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  })
  const lines = data?.entries.map(({ index, line }) => readLine(index, line)).reverse()
  const belongs = (line: LedgerLine) =>
    act === withoutRoutine ? !routine.includes(line.act ?? '') : act === '' || line.act === act
  const shown = lines?.filter((line) => belongs(line) || line.index === opened) ?? []
  const failure = state.error ?? error
  return (
    <>
      <Title title={t('ledger.title')} />
      <p className="lead">{t('ledger.lead')}</p>
      <div className="ledger-tools">
        <div className="field">
          <label htmlFor="act">{t('ledger.filter')}</label>
          <select id="act" value={act} onChange={({ target }) => setAct(target.value)}>
            <option value="">{t('ledger.every')}</option>
            <option value={withoutRoutine}>{t('ledger.notable')}</option>
            {acts.map((name) => (
              <option key={name} value={name}>
                {t(`act.${name}`, { what: '…' })}
              </option>
            ))}
          </select>
        </div>
        <GoToLine
          size={size}
          onGo={(index) => {
            setAct('')
            setEnd(undefined)
            setWanted(index)
            setParams({ regel: String(index) }, { replace: true })
          }}
        />
      </div>
      {failure !== null && (
        <Problem
          error={failure}
          onRetry={() => {
            void state.refetch()
            void refetch()
          }}
        />
      )}
      {lines === undefined && failure === null && size > 0 && <Skeleton rows={12} />}
      {state.data === undefined && state.error === null && <Skeleton rows={12} />}
      {state.data?.size === 0 && (
        <Empty icon={ScrollText} title={t('ledger.emptyTitle')} text={t('ledger.emptyText')} />
      )}
      {lines !== undefined && shown.length === 0 && (
        <p className="muted">{t('ledger.noneShown', { from, to: to - 1 })}</p>
      )}
      {shown.length > 0 && (
        <div className="table-frame">
          {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
          <div onKeyDown={onKeyDown} onPointerEnter={settle} onFocus={settle}>
            <table className="table ledger" aria-label={t('ledger.label')}>
              <thead>
                <tr>
                  <th scope="col">{t('ledger.act')}</th>
                  <th scope="col">{t('ledger.about')}</th>
                  <th scope="col">{t('ledger.who')}</th>
                  <th scope="col">{t('ledger.at')}</th>
                  <th scope="col" className="end">
                    {t('ledger.line')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((line) => (
                  <LineRow
                    key={line.index}
                    line={line}
                    words={words(line)}
                    isOpen={opened === line.index}
                    isWanted={wanted === line.index}
                    onToggle={() => {
                      setEnd(to)
                      setWanted(undefined)
                      setParams(opened === line.index ? {} : { regel: String(line.index) }, { replace: true })
                    }}
                  />
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
      {size > 0 && (
        <nav className="pager" aria-label={t('ledger.range', { from, to: to - 1, size })}>
          <span className="muted" role="status">
            {t('ledger.range', { from, to: to - 1, size })}
          </span>
          {to < size && (
            <>
              <button type="button" className="button" onClick={() => setEnd(size)}>
                {t('ledger.newest')}
              </button>
              <button type="button" className="button" onClick={() => setEnd(to + pageSize)}>
                {t('ledger.newer')}
              </button>
            </>
          )}
          {from > 0 && (
            <button type="button" className="button" onClick={() => setEnd(from)}>
              {t('ledger.older')}
            </button>
          )}
        </nav>
      )}
    </>
  )
}
