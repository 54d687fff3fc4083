import { formatInstant } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { KnownOrganisation, OpenRequest } from '../api-types.ts'
import { Facts } from '../parts/facts.tsx'
import { useLevelText } from '../parts/level-text.ts'
import { useMayAct, useSession } from '../session.ts'
import { QuotaDialog } from './quota-dialog.tsx'
import { SelfTestPanel } from './self-test-panel.tsx'

interface Props {
  organisation: KnownOrganisation
  request: OpenRequest | undefined
}

export function OrganisationDetails({ organisation, request }: Props) {
  const { t, i18n } = useTranslation()
  const levelText = useLevelText()
  const mayAct = useMayAct()
  const { user } = useSession()
  const [isSetting, setIsSetting] = useState(false)
  const { level, phone, quota, quotaIsOwn, declaredPatients, announcedAt, certificates } = organisation
  const { endpoints, peerId, serial } = organisation
  const usual = t(quotaIsOwn ? 'organisations.quotaOwn' : 'organisations.quotaUsual')
  const asked = request?.request.kind === 'quota' ? request.request : undefined
  return (
    <div className="detail-columns">
      <div className="stack">
        <Facts
          facts={[
            [t('organisations.level'), levelText(level)],
            [t('organisations.phone'), phone],
            [t('organisations.patients'), declaredPatients.toLocaleString(i18n.language)],
            [t('organisations.quota'), `${quota.toLocaleString(i18n.language)} (${usual})`],
            [
              t('organisations.announced'),
              announcedAt === undefined ? t('app.never') : formatInstant(announcedAt, i18n.language),
            ],
            [t('organisations.certificates'), certificates],
          ]}
        />
        <dl className="facts">
          <div>
            <dt>{t('organisations.endpoints')}</dt>
            {endpoints.length === 0 && <dd className="muted">{t('organisations.noEndpoints')}</dd>}
            {endpoints.map((address) => (
              <dd key={address} className="code">
                {address}
              </dd>
            ))}
          </div>
          <div>
            <dt>{t('organisations.peer')}</dt>
            <dd className="code">{peerId}</dd>
          </div>
        </dl>
        {asked !== undefined && request !== undefined && (
          <p className="notice notice-wait">
            {t('organisations.quotaPending', {
              by: request.by,
              value:
                asked.tokensPerDay === null
                  ? t('organisations.quotaUsual')
                  : asked.tokensPerDay.toLocaleString(i18n.language),
            })}
          </p>
        )}
        <div className="actions">
          {serial !== '' && (
            <Link to={`/beheer/certificaten?toon=${serial}`} className="button">
              {t('organisations.toCertificate')}
            </Link>
          )}
          {mayAct && request?.by !== user.id && (
            <button type="button" className="button" onClick={() => setIsSetting(true)}>
              {asked === undefined
                ? t('organisations.setQuota')
                : t('measure.agree', { what: t('measure.quota').toLocaleLowerCase() })}
            </button>
          )}
        </div>
      </div>
      <SelfTestPanel peerId={peerId} />
      {isSetting && (
        <QuotaDialog organisation={organisation} asked={asked} onClose={() => setIsSetting(false)} />
      )}
    </div>
  )
}
