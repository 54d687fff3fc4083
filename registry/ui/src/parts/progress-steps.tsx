import { CircleCheck, Circle, CircleDot } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Application } from '../api-types.ts'
import { formatDay } from '../format.ts'

/** How far an application is: each step with its day. */
export function ProgressSteps({ application }: { application: Application }) {
  const { t, i18n } = useTranslation()
  const { progress, state } = application
  const isOver = state === 'rejected' || state === 'superseded'
  const next = isOver ? -1 : progress.findIndex(({ at }) => at === undefined)
  return (
    <ol className="steps">
      {progress.map(({ step, at }, index) => {
        const stand = at !== undefined ? 'done' : index === next ? 'next' : 'later'
        const Icon = { done: CircleCheck, next: CircleDot, later: Circle }[stand]
        return (
          <li
            key={step}
            className={`step step-${stand}`}
            aria-current={stand === 'next' ? 'step' : undefined}
          >
            <Icon aria-hidden size={20} />
            <span className="step-text">{t(`status.${step}`)}</span>
            <span className="step-date muted">
              {at === undefined ? t(`status.${stand}`) : formatDay(at, i18n.language)}
              {at !== undefined && <span className="hidden-text"> {t('status.done')}</span>}
            </span>
          </li>
        )
      })}
    </ol>
  )
}
