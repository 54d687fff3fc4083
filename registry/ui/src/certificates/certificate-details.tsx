import { useMutation, useQuery } from '@tanstack/react-query'
import { formatMoment, Problem, say, Skeleton } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { api } from '../api.ts'
import type { Certificate, Measure, OpenRequest, Review } from '../api-types.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { Facts } from '../parts/facts.tsx'
import { useReasonText } from '../parts/reason-text.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { useMayAct, useSession } from '../session.ts'
import { MeasureDialog } from './measure-dialog.tsx'
import { ReviewDialog } from './review-dialog.tsx'

interface Props {
  certificate: Certificate
  isReplaced: boolean
  request: OpenRequest | undefined
  review: Review | undefined
}

/** What stands in a certificate, and what can be done about it. */
export function CertificateDetails({ certificate, isReplaced, request, review }: Props) {
  const { t, i18n } = useTranslation()
  const reasonText = useReasonText()
  const mayAct = useMayAct()
  const { serial, notBefore, notAfter, reason, index } = certificate
  const details = useQuery({
    queryKey: [...keys.certificates, serial],
    queryFn: () => api.certificate(serial),
    staleTime: 60_000,
  })
  const { data } = details
  return (
    <div className="detail-columns">
      <div className="stack">
        <Facts
          facts={[
            [t('certificates.serial'), <span className="code">{serial}</span>],
            [
              t('certificates.validity'),
              t('certificates.fromTo', {
                from: formatMoment(notBefore, i18n.language),
                to: formatMoment(notAfter, i18n.language),
              }),
            ],
            [t('certificates.line'), <Link to={`/beheer/logboek?regel=${index}`}>#{index}</Link>],
            [t('certificates.why'), reason && reasonText(reason)],
          ]}
        />
        {details.error !== null && <Problem error={details.error} onRetry={() => void details.refetch()} />}
        {data === undefined && details.error === null && <Skeleton rows={3} />}
        {data !== undefined && (
          <>
            <dl className="facts">
              <Lines name={t('certificates.subject')} lines={data.text.subject} />
              <Lines name={t('certificates.sans')} lines={data.text.sans} />
              <Lines
                name={t('certificates.key')}
                lines={[`${data.text.key.algorithm} · ${data.text.key.fingerprint}`, data.text.key.peerId]}
              />
              <Lines
                name={t('certificates.extensions')}
                lines={data.text.extensions
                  // Its names stand above, readable.
                  .filter(({ name }) => name !== 'subjectAltName')
                  .map(
                    ({ name, critical, value }) =>
                      `${name}${critical ? ` (${t('certificates.critical')})` : ''}: ${value}`,
                  )}
              />
            </dl>
            <div>
              <CopyButton text={data.pem} label={t('certificates.pem')} />
            </div>
          </>
        )}
      </div>
      <div className="stack">
        {!isReplaced && request !== undefined && <Pending request={request} />}
        {!isReplaced && review !== undefined && <Unreviewed review={review} />}
        {!isReplaced && mayAct && <Actions certificate={certificate} request={request} review={review} />}
      </div>
    </div>
  )
}

function Lines({ name, lines }: { name: string; lines: readonly string[] }) {
  if (lines.length === 0) return null
  return (
    <div>
      <dt>{name}</dt>
      {lines.map((line) => (
        <dd key={line} className="code">
          {line}
        </dd>
      ))}
    </div>
  )
}

/** What the first person asked for. Only that person can take it back. */
function Pending({ request: { id, by, at, request } }: { request: OpenRequest }) {
  const { t, i18n } = useTranslation()
  const { user } = useSession()
  const lookAgain = useLookAgain()
  const what = t(`measure.${request.kind}`)
  const withdraw = useMutation({
    mutationFn: () => api.withdraw(id),
    onSuccess: () => say({ text: t('certificates.withdrawn'), tone: 'done' }),
    onSettled: () => lookAgain(keys.requests),
  })
  return (
    <div className="notice notice-wait">
      <div>
        <p>
          {by === user.id
            ? t('certificates.pendingOwn', { what: what.toLocaleLowerCase() })
            : t('certificates.pending', { what, by, at: formatMoment(at, i18n.language) })}
        </p>
        {by === user.id && (
          <button
            type="button"
            className="button button-small"
            disabled={withdraw.isPending}
            onClick={() => withdraw.mutate()}
          >
            {t('certificates.withdraw')}
          </button>
        )}
        {withdraw.error !== null && <Problem error={withdraw.error} />}
      </div>
    </div>
  )
}

function Unreviewed({ review: { by, at } }: { review: Review }) {
  const { t, i18n } = useTranslation()
  const { user } = useSession()
  return (
    <p className="notice notice-error">
      {by === user.id
        ? t('certificates.reviewOwn')
        : t('certificates.reviewDue', { by, at: formatMoment(at, i18n.language) })}
    </p>
  )
}

/** Only what can be done now: a dead button teaches nobody anything. */
function Actions({ certificate, request, review }: Omit<Props, 'isReplaced'>) {
  const { t } = useTranslation()
  const { user } = useSession()
  const [measure, setMeasure] = useState<Measure>()
  const [isReviewing, setIsReviewing] = useState(false)
  const { status } = certificate
  const possible: readonly Measure[] =
    status === 'revoked'
      ? []
      : status === 'suspended'
        ? ['resumption', 'revocation']
        : ['suspension', 'revocation']
  const ownKind = request?.by === user.id ? request.request.kind : undefined
  const offered = possible.filter((kind) => kind !== ownKind)
  return (
    <div className="actions">
      {review !== undefined && review.by !== user.id && (
        <button type="button" className="button button-primary" onClick={() => setIsReviewing(true)}>
          {t('measure.review')}
        </button>
      )}
      {offered.map((kind) => {
        const isAgreeing = request?.request.kind === kind
        const look = isAgreeing
          ? 'button button-primary'
          : kind === 'revocation'
            ? 'button button-danger'
            : 'button'
        return (
          <button key={kind} type="button" className={look} onClick={() => setMeasure(kind)}>
            {isAgreeing
              ? t('measure.agree', { what: t(`measure.${kind}`).toLocaleLowerCase() })
              : t(`measure.${kind}`)}
          </button>
        )
      })}
      {measure !== undefined && (
        <MeasureDialog
          measure={measure}
          certificate={certificate}
          request={request?.request.kind === measure ? request : undefined}
          onClose={() => setMeasure(undefined)}
        />
      )}
      {isReviewing && review !== undefined && (
        <ReviewDialog review={review} onClose={() => setIsReviewing(false)} />
      )}
    </div>
  )
}
