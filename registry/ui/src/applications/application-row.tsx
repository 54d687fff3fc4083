import { Badge } from '@twiin/ui-kit'
import { CircleCheck, CircleX, TriangleAlert, UserRoundCheck } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Application } from '../api-types.ts'
import { waitsFor } from '../dashboard/use-waiting.ts'
import { formatAge } from '../format.ts'
import { ApplicationBadge } from '../parts/state-badges.tsx'
import { useSession } from '../session.ts'

interface Props {
  application: Application
  now: number
  onOpen: () => void
}

const dayMs = 86_400_000
/** Older than a week is late. */
const lateDays = 7

export function ApplicationRow({ application, now, onOpen }: Props) {
  const { t, i18n } = useTranslation()
  const { id, organisation, ura, category, at, state, approvals } = application
  const isLate = state === 'open' && now - Date.parse(at) > lateDays * dayMs
  const age = formatAge(at, now, i18n.language)
  return (
    <tr className="row">
      <td className="main-cell">
        <button type="button" className="row-button" data-row={id} onClick={onOpen}>
          {organisation}
        </button>
        <span className="muted small block">URA {ura}</span>
      </td>
      <td>{t(`category.${category}`)}</td>
      <td className="nowrap">
        {isLate ? (
          <Badge tone="warning" icon={TriangleAlert}>
            {age}
          </Badge>
        ) : (
          age
        )}
      </td>
      <td>
        <ChecksSummary checks={application.checks} />
      </td>
      <td className="nowrap">
        {(state === 'open' || approvals.length > 0) && (
          <span className="eyes">
            {[0, 1].map((eye) => (
              <UserRoundCheck
                key={eye}
                aria-hidden
                size={18}
                className={eye < approvals.length ? 'eye eye-open' : 'eye'}
              />
            ))}
            {t('applications.approvalsOf', { count: approvals.length })}
          </span>
        )}
      </td>
      <td className="state-cell">
        <ApplicationState application={application} />
      </td>
    </tr>
  )
}

function ApplicationState({ application }: { application: Application }) {
  const { t } = useTranslation()
  const { user } = useSession()
  if (application.state !== 'open') return <ApplicationBadge state={application.state} />
  if (user.role === 'administrator' && waitsFor(application, user.id))
    return <Badge tone="accent">{t('applications.waitMe')}</Badge>
  return application.approvals.length > 0 ? (
    <Badge>{t('applications.waitSecond')}</Badge>
  ) : (
    <ApplicationBadge state="open" />
  )
}

function ChecksSummary({ checks }: { checks: Application['checks'] }) {
  const { t } = useTranslation()
  const count = (result: string) => checks.filter((check) => check.result === result).length
  const [failed, warned] = [count('failed'), count('warned')]
  if (checks.length === 0) return null
  if (failed > 0)
    return (
      <Badge tone="bad" icon={CircleX}>
        {t('applications.checksFailed', { count: failed })}
      </Badge>
    )
  return warned > 0 ? (
    <Badge tone="warning" icon={TriangleAlert}>
      {t('applications.checksWarned', { count: warned })}
    </Badge>
  ) : (
    <Badge tone="good" icon={CircleCheck}>
      {t('applications.checksPassed', { passed: count('passed'), total: checks.length })}
    </Badge>
  )
}
