import { Badge, formatDate, formatInstant } from '@twiin/ui-kit'
import { CircleCheck, Info, UserRoundSearch } from 'lucide-react'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Decision, WorkItem } from '../api-types.ts'
import { useSession } from '../session.ts'
import { Modalities } from './modalities.tsx'
import { Decide } from './decide.tsx'
import { SideBySide } from './side-by-side.tsx'

const looks = {
  open: { tone: 'warning', icon: UserRoundSearch },
  notice: { tone: 'accent', icon: Info },
  resolved: { tone: 'good', icon: CircleCheck },
} as const

const decisions = {
  'same-patient': 'exceptions.same',
  'other-patient': 'exceptions.other',
  reject: 'exceptions.reject',
} as const satisfies Record<Decision, string>

export function WorkItemCard({ item }: { item: WorkItem }) {
  const { t, i18n } = useTranslation()
  const { user } = useSession()
  const titleId = useId()
  const { study, state, resolution } = item
  const filedApart = state === 'notice' && item.kind === 'PATIENT_CONFLICT'
  return (
    <article className="card work-item" aria-labelledby={titleId}>
      <header className="work-item-head">
        <h2 id={titleId}>{t(filedApart ? 'exceptions.noticeTitle' : `exceptions.${item.kind}`)}</h2>
        <Badge {...looks[state]}>{t(`exceptions.${state}`)}</Badge>
        <span className="muted small">{formatInstant(item.at, i18n.language)}</span>
      </header>
      <p className="work-item-study">
        <Modalities codes={study.modalities} />
        <span>{study.description || t('timeline.noDescription')}</span>
        <span className="muted">{formatDate(study.studyDate, i18n.language)}</span>
      </p>
      {state === 'notice' && <p>{t(filedApart ? 'exceptions.noticeText' : 'exceptions.keptText')}</p>}
      <SideBySide item={item} />
      {resolution !== undefined && (
        <p className="muted">
          {t('exceptions.decidedBy', {
            decision: t(decisions[resolution.decision]),
            by: resolution.by,
            at: formatInstant(resolution.at, i18n.language),
          })}
        </p>
      )}
      {state === 'open' &&
        (user.role === 'operator' ? (
          <Decide item={item} />
        ) : (
          <p className="muted">{t('exceptions.operatorOnly')}</p>
        ))}
    </article>
  )
}
