import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Badge, Empty, Problem, Skeleton, formatMoment, say } from '@twiin/ui-kit'
import { CircleCheck, ShieldCheck, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { AuditReview, ReviewVerdict } from '../api-types.ts'
import { maskBsn } from '../format.ts'
import type { Wording } from '../i18n/wording.ts'

const key = ['audit-reviews']
const verdicts: readonly ReviewVerdict[] = ['in-order', 'not-in-order', 'to-be-looked-into']
type EventName = keyof Wording['events']
type Reason =
  'MANY_PATIENTS' | 'EMERGENCY_UNNOTICED' | 'LOG_EXPORT' | 'ACCOUNT_CHANGED' | 'OUT_OF_HOURS' | 'REFUSED'

/** What somebody should look at, the unusual first. */
export function AuditReviews() {
  const { t } = useTranslation()
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: api.auditReviews,
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  })
  if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Skeleton rows={8} />
  if (data.reviews.length === 0)
    return <Empty icon={ShieldCheck} title={t('auditReview.emptyTitle')} text={t('auditReview.emptyText')} />
  return (
    <>
      <p className="lead">{t('auditReview.lead')}</p>
      {data.more && <p className="muted">{t('auditReview.more')}</p>}
      <div className="table-frame">
        <table className="table" aria-label={t('auditParts.reviews')}>
          <thead>
            <tr>
              <th scope="col">{t('audit.when')}</th>
              <th scope="col">{t('auditReview.reason')}</th>
              <th scope="col">{t('audit.event')}</th>
              <th scope="col">{t('audit.who')}</th>
              <th scope="col">{t('audit.patient')}</th>
              <th scope="col">{t('audit.purpose')}</th>
              <th scope="col">{t('audit.peer')}</th>
              <th scope="col">{t('auditReview.verdict')}</th>
            </tr>
          </thead>
          <tbody>
            {data.reviews.map((review) => (
              <ReviewRow key={review.seq} review={review} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

function ReviewRow({ review }: { review: AuditReview }) {
  const { t, i18n } = useTranslation()
  const { user, peer, patient, purpose, reasons, alike } = review
  return (
    <tr className="row">
      <td className="nowrap">{formatMoment(review.at, i18n.language)}</td>
      <td>
        {reasons.map((reason) => (
          <Badge key={reason} tone={reason === 'REFUSED' ? 'warning' : 'bad'} icon={TriangleAlert}>
            {t(`auditReview.${reason as Reason}`)}
          </Badge>
        ))}
      </td>
      <td className="main-cell">
        {i18n.exists(`events.${review.event}`) ? t(`events.${review.event as EventName}`) : review.event}
        {alike > 0 && <span className="muted small"> {t('auditLog.alike', { count: alike })}</span>}
      </td>
      <td>{user === undefined ? t('audit.self') : (user.name ?? user.id)}</td>
      <td className="nowrap">
        {patient?.citizenNumber === undefined
          ? (patient?.localId ?? '')
          : `BSN ${maskBsn(patient.citizenNumber)}`}
      </td>
      <td>{purpose?.reason}</td>
      <td>{peer?.name}</td>
      <td>
        <VerdictOf review={review} />
      </td>
    </tr>
  )
}

function VerdictOf({ review }: { review: AuditReview }) {
  const { t, i18n } = useTranslation()
  const queries = useQueryClient()
  const [note, setNote] = useState('')
  const give = useMutation({
    mutationFn: (verdict: ReviewVerdict) => api.giveVerdict(review.seq, verdict, note.trim()),
    onSuccess: () => {
      say({ text: t('auditReview.saved'), tone: 'done' })
      return queries.invalidateQueries({ queryKey: key })
    },
  })
  const given = review.review
  if (given !== undefined)
    return (
      <>
        <Badge tone={given.verdict === 'in-order' ? 'good' : 'warning'} icon={CircleCheck}>
          {t('auditReview.by', {
            verdict: t(`auditReview.${given.verdict}`),
            by: given.by.name,
            at: formatMoment(given.at, i18n.language),
          })}
        </Badge>
        {given.note !== undefined && <p className="small">{given.note}</p>}
      </>
    )
  return (
    <div className="chips">
      <input
        value={note}
        maxLength={1000}
        aria-label={t('auditReview.note')}
        placeholder={t('auditReview.note')}
        onChange={({ target }) => setNote(target.value)}
      />
      {verdicts.map((verdict) => (
        <button
          key={verdict}
          type="button"
          className="button"
          disabled={give.isPending}
          onClick={() => give.mutate(verdict)}
        >
          {t(`auditReview.${verdict}`)}
        </button>
      ))}
      {give.error !== null && <Problem error={give.error} onRetry={() => give.reset()} />}
    </div>
  )
}
