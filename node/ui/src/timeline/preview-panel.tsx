import { Badge, formatBytes, formatDate } from '@twiin/ui-kit'
import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Modalities } from '../parts/modalities.tsx'
import { rowKey, useRetrievals } from '../queries.ts'
import { priorsOf } from './choose-priors.ts'
import type { TimelineStudy } from './merge-studies.ts'
import { ReportLines } from './report-lines.tsx'
import { StudyPictures } from './study-pictures.tsx'

interface Props {
  study: TimelineStudy
  all: readonly TimelineStudy[]
  names: ReadonlyMap<string, string>
  searchId: string
  onClose: () => void
  onPick: (key: string) => void
}

/** What is in a study before anything is opened: pictures, the first lines of the report, facts, earlier studies. */
export function PreviewPanel({ study, all, names, searchId, onClose, onPick }: Props) {
  const { t, i18n } = useTranslation()
  const retrievals = useRetrievals()
  const isHere =
    study.local || retrievals.get(rowKey(study.studyInstanceUid, study.holder))?.state === 'delivered'
  const uid = study.studyInstanceUid
  const facts: [string, string][] = [
    [t('timeline.hospital'), [study.holder, ...study.also].map((ura) => names.get(ura) ?? ura).join(', ')],
    [
      t('timeline.size'),
      t('timeline.images', { count: study.instances }) +
        (study.bytes > 0 ? ` · ${formatBytes(study.bytes, i18n.language)}` : ''),
    ],
    [t('timeline.uid'), uid ?? t('app.unknown')],
  ]
  return (
    <aside className="preview card" aria-label={t('preview.title')} aria-live="polite">
      <header className="preview-head">
        <h3>{study.description || t('timeline.noDescription')}</h3>
        <button
          type="button"
          className="button-icon"
          aria-label={t('preview.close')}
          title={`${t('preview.close')} (Esc)`}
          onClick={onClose}
        >
          <X aria-hidden size={18} />
        </button>
      </header>
      <p className="preview-line">
        <span>{formatDate(study.studyDate, i18n.language) || t('app.unknown')}</span>
        <Modalities codes={study.modalities} />
        {study.reports > 0 && <Badge>{t('timeline.report', { count: study.reports })}</Badge>}
      </p>
      {uid !== null && <StudyPictures {...{ uid, searchId, isHere }} />}
      {uid === null && <p className="muted">{t('timeline.indexOnlyHelp')}</p>}
      {study.reports > 0 && uid !== null && <ReportLines uid={uid} isHere={isHere} />}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className={name === t('timeline.uid') ? 'code' : undefined}>{value}</dd>
          </div>
        ))}
      </dl>
      <Priors {...{ study, all, names, onPick }} />
    </aside>
  )
}

function Priors({ study, all, names, onPick }: Pick<Props, 'study' | 'all' | 'names' | 'onPick'>) {
  const { t, i18n } = useTranslation()
  const priors = priorsOf(study, all)
  if (priors.length === 0) return null
  return (
    <section className="stack">
      <h4>{t('preview.priors')}</h4>
      <ul className="plain-list">
        {priors.map((prior) => (
          <li key={prior.key}>
            <button type="button" className="prior" onClick={() => onPick(prior.key)}>
              <span className="nowrap">{formatDate(prior.studyDate, i18n.language)}</span>
              <Modalities codes={prior.modalities} />
              <span>{prior.description}</span>
              <span className="muted small">{names.get(prior.holder) ?? prior.holder}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
