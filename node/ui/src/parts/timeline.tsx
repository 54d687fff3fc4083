import { useMutation } from '@tanstack/react-query'
import { say, useProblemText, useRowKeys } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { PatientSearch, Transfer } from '../api-types.ts'
import { rowKey, useLookAgain, useRetrievals } from '../queries.ts'
import { keys } from '../query-keys.ts'
import type { TimelineStudy } from '../timeline/merge-studies.ts'
import { useDensity } from './density.ts'
import { SpacerRow } from './spacer-row.tsx'
import { mayShare } from '../shares/share-button.tsx'
import { TimelineRow } from './timeline-row.tsx'
import type { RowActs } from './timeline-row.tsx'
import { useLatest } from './use-latest.ts'
import { useSettledRows } from './use-settled-rows.ts'
import { useVirtualRows } from './use-virtual-rows.ts'

interface Props {
  search: PatientSearch
  /** Of hospitals, by URA. */
  names: ReadonlyMap<string, string>
  /** In the order in which they are shown. */
  studies: readonly TimelineStudy[]
  isFiltered: boolean
  current: string | undefined
  hovered: string | undefined
  onCurrent: (key: string) => void
  onHover: (key: string | undefined) => void
  onPreview: (key: string) => void
  onSend: (study: TimelineStudy) => void
  onShare: (study: TimelineStudy) => void
}

const keyOf = ({ key }: TimelineStudy) => key
const columns = 8

/** Remote, known by more than the index, and not on its way or here already. */
const mayRetrieve = (study: TimelineStudy, transfer: Transfer | undefined) =>
  !study.local && study.studyInstanceUid !== null && (transfer === undefined || transfer.state === 'failed')

/** All studies of one patient, one row each. */
export function Timeline(props: Props) {
  const { search, names, studies, current, hovered, onCurrent, onSend, onShare } = props
  const { t } = useTranslation()
  const retrievals = useRetrievals()
  const { retrieve, asked } = useRetrieve(search.id)
  const [opened, setOpened] = useState<string>()
  const settled = useSettledRows(studies, keyOf)
  // A person who filters or sorts wants to see it move.
  const { rows, waiting } = props.isFiltered ? { rows: studies, waiting: 0 } : settled
  const rowHeight = useDensity() === 'dense' ? 32 : 45
  const { frame, measure, drawn, before, after, isVirtual, toEdge } = useVirtualRows(rows, {
    keyOf,
    rowHeight,
  })
  const transferOf = (study: TimelineStudy) =>
    [study.holder, ...study.also]
      .flatMap((holder) => retrievals.get(rowKey(study.studyInstanceUid, holder)) ?? [])
      .sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0]
  const onRetrieve = (study: TimelineStudy) => {
    if (mayRetrieve(study, transferOf(study)) && !asked.has(study.key)) retrieve(study)
  }
  const act: RowActs = {
    onHover: useLatest(props.onHover),
    onToggle: useLatest((key: string) => setOpened((now) => (now === key ? undefined : key))),
    onRetrieve: useLatest(onRetrieve),
    onSend: useLatest(onSend),
    onShare: useLatest(onShare),
  }
  const withStudy = (act: (study: TimelineStudy) => void) => (key: string) => {
    const study = studies.find((one) => one.key === key)
    if (study !== undefined) act(study)
  }
  const onKeyDown = useRowKeys(
    {
      r: withStudy(onRetrieve),
      s: withStudy((study) => {
        if (study.local) onSend(study)
      }),
      d: withStudy((study) => {
        if (mayShare(study)) onShare(study)
      }),
      ' ': props.onPreview,
    },
    toEdge,
  )
  return (
    <div className="table-frame" ref={frame}>
      {waiting > 0 && (
        <button type="button" className="button button-small new-rows" onClick={settled.showAll}>
          {t('timeline.shown', { count: waiting })}
        </button>
      )}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
      <div
        onKeyDown={onKeyDown}
        {...settled.listeners}
        onFocusCapture={({ target }) => {
          const key = (target as HTMLElement).closest<HTMLElement>('[data-row]')?.dataset['row']
          if (key !== undefined) onCurrent(key)
        }}
      >
        <table
          className="table timeline"
          aria-label={t('timeline.label')}
          aria-rowcount={rows.length + 1}
          data-virtual={isVirtual}
        >
          <TimelineHead />
          <SpacerRow height={before} columns={columns} />
          {drawn.map(({ row: study, index }) => (
            <tbody key={study.key} ref={measure} data-index={index}>
              <TimelineRow
                study={study}
                names={names}
                transfer={transferOf(study)}
                isAsked={asked.has(study.key)}
                isOpen={opened === study.key}
                isCurrent={current === study.key}
                isHovered={hovered === study.key}
                mayRetrieve={mayRetrieve(study, transferOf(study))}
                {...act}
              />
            </tbody>
          ))}
          <SpacerRow height={after} columns={columns} />
        </table>
      </div>
    </div>
  )
}

function TimelineHead() {
  const { t } = useTranslation()
  return (
    <thead>
      <tr>
        <th scope="col" className="date-head">
          {t('timeline.date')}
        </th>
        <th scope="col" className="modality-head">
          {t('timeline.modality')}
        </th>
        <th scope="col">{t('timeline.description')}</th>
        <th scope="col" className="hospital-head">
          {t('timeline.hospital')}
        </th>
        <th scope="col" className="end size-head">
          {t('timeline.size')}
        </th>
        <th scope="col" className="reports-head">
          {t('timeline.reports')}
        </th>
        <th scope="col" className="state-head">
          {t('timeline.state')}
        </th>
        <th scope="col" className="action-head">
          <span className="hidden-text">{t('timeline.action')}</span>
        </th>
      </tr>
    </thead>
  )
}

/** Asks for studies; `asked` are those whose request the node has not answered yet. */
function useRetrieve(searchId: string) {
  const problemText = useProblemText()
  const lookAgain = useLookAgain()
  const [asked, setAsked] = useState<ReadonlySet<string>>(new Set())
  const { mutate } = useMutation({
    mutationFn: ({ studyInstanceUid, holder }: TimelineStudy) =>
      api.retrieve({ searchId, studyInstanceUid: studyInstanceUid ?? '', holder, destination: 'pacs' }),
    onMutate: (study) => setAsked((before) => new Set(before).add(study.key)),
    onError: (error) => say({ text: problemText(error), tone: 'problem' }),
    onSettled: (_answer, _error, study) => {
      lookAgain(keys.transfers)
      setAsked((before) => new Set([...before].filter((key) => key !== study.key)))
    },
  })
  return { retrieve: (study: TimelineStudy) => mutate(study), asked }
}
