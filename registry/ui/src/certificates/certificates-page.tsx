import { Empty, Problem, Skeleton, useRowKeys } from '@twiin/ui-kit'
import { BadgeCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { newestOf } from '../dashboard/alarms.ts'
import { Title } from '../frame/title.tsx'
import { matches, SearchField } from '../parts/search-field.tsx'
import { useCertificates, useRequests, useReviews } from '../queries.ts'
import { CertificateRow } from './certificate-row.tsx'

/** Certificates by whose they are; one row a node unless the older ones are asked for too. */
export function CertificatesPage() {
  const { t, i18n } = useTranslation()
  const { data, error, refetch } = useCertificates()
  const requests = useRequests().data ?? []
  const reviews = useReviews().data ?? []
  const [params, setParams] = useSearchParams()
  const [filter, setFilter] = useState('')
  const onKeyDown = useRowKeys()
  const opened = params.get('toon') ?? undefined
  const newest = newestOf(data ?? [])
  // A link may lead to one that was replaced.
  const leadsToOld = opened !== undefined && newest.every(({ serial }) => serial !== opened)
  const [showsOld, setShowsOld] = useState(false)
  const shown = (showsOld || leadsToOld ? (data ?? []) : newest)
    .filter(({ name, ura, serial }) => matches(filter, name, ura, serial))
    .sort((a, b) => a.name.localeCompare(b.name, i18n.language) || b.notAfter.localeCompare(a.notAfter))
  return (
    <>
      <Title title={t('certificates.title')}>
        <SearchField value={filter} onChange={setFilter} />
      </Title>
      <label className="check">
        <input type="checkbox" checked={showsOld} onChange={({ target }) => setShowsOld(target.checked)} />
        {t('certificates.showOld')}
      </label>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={10} />}
      {data?.length === 0 && (
        <Empty icon={BadgeCheck} title={t('certificates.emptyTitle')} text={t('certificates.emptyText')} />
      )}
      {data !== undefined && data.length > 0 && shown.length === 0 && (
        <p className="muted">{t('app.noMatch')}</p>
      )}
      {shown.length > 0 && (
        <div className="table-frame">
          {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
          <div onKeyDown={onKeyDown}>
            <table className="table" aria-label={t('certificates.label')}>
              <thead>
                <tr>
                  <th scope="col">{t('certificates.name')}</th>
                  <th scope="col">{t('certificates.serial')}</th>
                  <th scope="col">{t('certificates.status')}</th>
                  <th scope="col">{t('certificates.validity')}</th>
                  <th scope="col">{t('certificates.days')}</th>
                  <th scope="col">{t('certificates.approvedBy')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((certificate) => (
                  <CertificateRow
                    key={certificate.serial}
                    certificate={certificate}
                    isReplaced={newest.every(({ serial }) => serial !== certificate.serial)}
                    request={requests.find(
                      ({ request }) => request.kind !== 'quota' && request.peerId === certificate.peerId,
                    )}
                    review={reviews.find(({ peerId }) => peerId === certificate.peerId)}
                    isOpen={opened === certificate.serial}
                    onToggle={() =>
                      setParams(opened === certificate.serial ? {} : { toon: certificate.serial }, {
                        replace: true,
                      })
                    }
                  />
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
    </>
  )
}
