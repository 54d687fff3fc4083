import { useMutation } from '@tanstack/react-query'
import { say, useProblemText, useRowKeys } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { FoundStudy, PatientSearch, Transfer } from '../api-types.ts'
import { rowKey, useLookAgain, useRetrievals } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { TimelineRow } from './timeline-row.tsx'
import { useSettledRows } from './use-settled-rows.ts'

interface Props {
  search: PatientSearch
  onSend: (study: FoundStudy) => void
}

const keyOf = (study: FoundStudy) => `${study.handle}@${study.holder}`

/** Remote, known by more than the index, and not on its way or here already. */
const mayRetrieve = (study: FoundStudy, transfer: Transfer | undefined) =>
  !study.local && study.studyInstanceUid !== null && (transfer === undefined || transfer.state === 'failed')

/** All studies of one patient, newest first, one row for each study at each hospital. */
export function Timeline({ search, onSend }: Props) {
  const { t } = useTranslation()
  const retrievals = useRetrievals()
  const { retrieve, asked } = useRetrieve(search.id)
  const [opened, setOpened] = useState<string>()
  const { rows, waiting, showAll, listeners } = useSettledRows(search.studies, keyOf)
  const names = new Map(search.holders.map(({ ura, name }) => [ura, name]))
  const transferOf = (study: FoundStudy) => retrievals.get(rowKey(study.studyInstanceUid, study.holder))
  const find = (key: string) => search.studies.find((study) => keyOf(study) === key)
  const onRetrieve = (study: FoundStudy) => {
    if (mayRetrieve(study, transferOf(study)) && !asked.has(keyOf(study))) retrieve(study)
  }
  const onKeyDown = useRowKeys({
    r: (key) => {
      const study = find(key)
      if (study !== undefined) onRetrieve(study)
    },
    s: (key) => {
      const study = find(key)
      if (study?.local === true) onSend(study)
    },
  })
  const alsoAt = (study: FoundStudy) =>
    search.studies
      .filter((other) => other.studyInstanceUid !== null && other.studyInstanceUid === study.studyInstanceUid)
      .filter(({ holder }) => holder !== study.holder)
      .map(({ holder }) => names.get(holder) ?? holder)

  return (
    <div className="table-frame">
      {waiting > 0 && (
        <button type="button" className="button button-small new-rows" onClick={showAll}>
          {t('timeline.shown', { count: waiting })}
        </button>
      )}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
      <div onKeyDown={onKeyDown} {...listeners}>
        <table className="table timeline" aria-label={t('timeline.label')}>
          <thead>
            <tr>
              <th scope="col">{t('timeline.date')}</th>
              <th scope="col">{t('timeline.modality')}</th>
              <th scope="col">{t('timeline.description')}</th>
              <th scope="col">{t('timeline.hospital')}</th>
              <th scope="col" className="end">
                {t('timeline.size')}
              </th>
              <th scope="col">{t('timeline.reports')}</th>
              <th scope="col">{t('timeline.state')}</th>
              <th scope="col">
                <span className="hidden-text">{t('timeline.action')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((study) => (
              <TimelineRow
                key={keyOf(study)}
                rowKey={keyOf(study)}
                study={study}
                hospital={names.get(study.holder) ?? study.holder}
                also={alsoAt(study)}
                transfer={transferOf(study)}
                isAsked={asked.has(keyOf(study))}
                isOpen={opened === keyOf(study)}
                mayRetrieve={mayRetrieve(study, transferOf(study))}
                onToggle={() => setOpened((now) => (now === keyOf(study) ? undefined : keyOf(study)))}
                onRetrieve={() => onRetrieve(study)}
                onSend={() => onSend(study)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

/** Asks for studies; `asked` are those whose request the node has not answered yet. */
function useRetrieve(searchId: string) {
  const problemText = useProblemText()
  const lookAgain = useLookAgain()
  const [asked, setAsked] = useState<ReadonlySet<string>>(new Set())
  const { mutate } = useMutation({
    mutationFn: ({ studyInstanceUid, holder }: FoundStudy) =>
      api.retrieve({ searchId, studyInstanceUid: studyInstanceUid ?? '', holder, destination: 'pacs' }),
    onMutate: (study) => setAsked((before) => new Set(before).add(keyOf(study))),
    onError: (error) => say({ text: problemText(error), tone: 'problem' }),
    onSettled: (_answer, _error, study) => {
      lookAgain(keys.transfers)
      setAsked((before) => new Set([...before].filter((key) => key !== keyOf(study))))
    },
  })
  return { retrieve: (study: FoundStudy) => mutate(study), asked }
}
