import { Badge } from '@twiin/ui-kit'
import { CircleCheck, CircleX } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { KnownOrganisation, OpenRequest } from '../api-types.ts'
import { formatDay } from '../format.ts'
import { MemberBadge } from '../parts/state-badges.tsx'
import { OrganisationDetails } from './organisation-details.tsx'

interface Props {
  organisation: KnownOrganisation
  request: OpenRequest | undefined
  isOpen: boolean
  onToggle: () => void
}

export function OrganisationRow({ organisation, request, isOpen, onToggle }: Props) {
  const { t, i18n } = useTranslation()
  const { ura, name, category, state, since, level, mailboxes, selfTest } = organisation
  return (
    <>
      <tr className="row" data-open={isOpen}>
        <td className="main-cell">
          <button
            type="button"
            className="row-button"
            data-row={ura}
            aria-expanded={isOpen}
            onClick={onToggle}
          >
            {name}
          </button>
          <span className="muted small block">
            URA {ura} · {t(`category.${category}`)}
          </span>
        </td>
        <td>
          <div className="state">
            <MemberBadge state={state} />
            <span className="state-reason">
              {t('coverage.since', { at: formatDay(since, i18n.language) })}
            </span>
          </div>
        </td>
        <td className="nowrap">{level === undefined ? '' : t('level.label', { level })}</td>
        <td>{mailboxes.join(', ')}</td>
        <td className="state-cell">
          <div className="state">
            {selfTest === undefined ? (
              <Badge>{t('organisations.testNone')}</Badge>
            ) : (
              <>
                <Badge tone={selfTest.passed ? 'good' : 'bad'} icon={selfTest.passed ? CircleCheck : CircleX}>
                  {t(selfTest.passed ? 'organisations.testPassed' : 'organisations.testFailed')}
                </Badge>
                <span className="state-reason">{formatDay(selfTest.at, i18n.language)}</span>
              </>
            )}
          </div>
        </td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={5}>
            <OrganisationDetails organisation={organisation} request={request} />
          </td>
        </tr>
      )}
    </>
  )
}
