import { Badge, formatBytes, formatDate, formatInstant, useCodeText, useRowKeys } from '@twiin/ui-kit'
import { CircleCheck, CircleDashed, EyeOff, FileText, House, Send } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { HeldStudy } from '../api-types.ts'
import { formatName } from '../format.ts'
import { OpenHeldButton } from '../viewer/open-button.tsx'
import { Modalities } from './modalities.tsx'
import { SpacerRow } from './spacer-row.tsx'
import { useVirtualRows } from './use-virtual-rows.ts'

interface Props {
  studies: readonly HeldStudy[]
  chosen: ReadonlySet<string>
  onChoose: (handle: string) => void
  onSend: (study: HeldStudy) => void
  onShare: (study: HeldStudy) => void
}

const looks = {
  published: { tone: 'good', icon: CircleCheck, words: 'studies.published' },
  pending: { tone: 'accent', icon: CircleDashed, words: 'studies.publishing' },
  unpublished: { tone: 'plain', icon: EyeOff, words: 'studies.unpublished' },
} as const

export function StudiesTable({ studies, chosen, onChoose, onSend, onShare }: Props) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState<string>()
  const { frame, measure, drawn, before, after, isVirtual, toEdge } = useVirtualRows(studies, {
    keyOf: ({ handle }) => handle,
    rowHeight: 45,
  })
  const withStudy = (act: (study: HeldStudy) => void) => (handle: string) => {
    const study = studies.find((one) => one.handle === handle)
    if (study !== undefined) act(study)
  }
  const onKeyDown = useRowKeys(
    {
      s: withStudy(onSend),
      d: withStudy(onShare),
      ' ': onChoose,
    },
    toEdge,
  )
  return (
    <div className="table-frame" ref={frame}>
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
      <div onKeyDown={onKeyDown}>
        <table
          className="table studies"
          aria-label={t('studies.label')}
          aria-rowcount={studies.length + 1}
          data-virtual={isVirtual}
        >
          <thead>
            <tr>
              <th scope="col">
                <span className="hidden-text">{t('studies.sendSelected')}</span>
              </th>
              <th scope="col">{t('studies.patient')}</th>
              <th scope="col">{t('timeline.date')}</th>
              <th scope="col">{t('timeline.modality')}</th>
              <th scope="col">{t('timeline.description')}</th>
              <th scope="col" className="end">
                {t('timeline.size')}
              </th>
              <th scope="col">{t('studies.origin')}</th>
              <th scope="col">{t('studies.publication')}</th>
              <th scope="col">
                <span className="hidden-text">{t('timeline.action')}</span>
              </th>
            </tr>
          </thead>
          <SpacerRow height={before} columns={9} />
          {drawn.map(({ row: study, index }) => (
            <tbody key={study.handle} ref={measure} data-index={index}>
              <StudyRow
                study={study}
                isChosen={chosen.has(study.handle)}
                isOpen={opened === study.handle}
                onToggle={() => setOpened((now) => (now === study.handle ? undefined : study.handle))}
                onChoose={() => onChoose(study.handle)}
                onSend={() => onSend(study)}
              />
            </tbody>
          ))}
          <SpacerRow height={after} columns={9} />
        </table>
      </div>
    </div>
  )
}

interface RowProps {
  study: HeldStudy
  isChosen: boolean
  isOpen: boolean
  onToggle: () => void
  onChoose: () => void
  onSend: () => void
}

function StudyRow({ study, isChosen, isOpen, onToggle, onChoose, onSend }: RowProps) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const { patient, publication, origin } = study
  const { tone, icon, words } = looks[publication.state]
  const description = study.description || t('timeline.noDescription')
  const name = `${description} ${formatDate(study.studyDate, i18n.language)}`
  return (
    <>
      <tr className="row" data-chosen={isChosen} data-open={isOpen}>
        <td className="choose-cell">
          <label className="check-target">
            <input
              type="checkbox"
              aria-label={t('studies.select', { study: name })}
              checked={isChosen}
              onChange={onChoose}
            />
          </label>
        </td>
        <td className="patient-cell">
          <strong>{formatName(patient.name) || t('app.unknown')}</strong>
          <span className="muted small block">
            {[
              formatDate(patient.birthDate, i18n.language),
              patient.localId,
              patient.bsn && `BSN ${patient.bsn}`,
            ]
              .filter(Boolean)
              .map((fact) => (
                <span key={fact} className="fact">
                  {fact}
                </span>
              ))}
          </span>
        </td>
        <td className="nowrap">{formatDate(study.studyDate, i18n.language)}</td>
        <td>
          <Modalities codes={study.modalities} />
        </td>
        <td className="main-cell">
          <button
            type="button"
            className="row-button"
            data-row={study.handle}
            aria-expanded={isOpen}
            onClick={onToggle}
          >
            {description}
          </button>
          {study.reports > 0 && (
            <Badge icon={FileText}>{t('timeline.report', { count: study.reports })}</Badge>
          )}
        </td>
        <td className="end nowrap">
          {t('timeline.images', { count: study.instances })}
          <span className="muted small"> {formatBytes(study.bytes, i18n.language)}</span>
        </td>
        <td>
          {origin.kind === 'local' ? (
            <Badge icon={House}>{t('studies.originLocal')}</Badge>
          ) : (
            origin.name || origin.ura
          )}
        </td>
        <td className="state-cell">
          <div className="state">
            <Badge tone={tone} icon={icon}>
              {t(words)}
            </Badge>
            {publication.reason !== undefined && (
              <span className="state-reason">{codeText(publication.reason)}</span>
            )}
          </div>
        </td>
        <td className="action-cell">
          <OpenHeldButton study={study} name={name} />
          <button
            type="button"
            className="button button-small"
            aria-label={t('timeline.sendLong', { study: name })}
            onClick={onSend}
          >
            <Send aria-hidden size={14} />
            {t('timeline.send')}
          </button>
        </td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={9}>
            <dl className="facts facts-wide">
              <div>
                <dt>{t('studies.received')}</dt>
                <dd>{formatInstant(study.receivedAt, i18n.language)}</dd>
              </div>
              <div>
                <dt>{t('studies.number')}</dt>
                <dd>
                  {patient.localId} <span className="muted">{patient.issuer}</span>
                </dd>
              </div>
              <div>
                <dt>{t('timeline.uid')}</dt>
                <dd className="code">{study.studyInstanceUid}</dd>
              </div>
              <div>
                <dt>{t('timeline.handle')}</dt>
                <dd className="code">{study.handle}</dd>
              </div>
            </dl>
          </td>
        </tr>
      )}
    </>
  )
}
