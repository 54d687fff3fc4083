import { useTranslation } from 'react-i18next'
import type { Application, OpenRequest } from '../api-types.ts'
import { useApplications, useCertificates, useRequests, useReviews } from '../queries.ts'
import { useSession } from '../session.ts'

export interface Waiting {
  key: string
  to: string
  what: string
  whose: string
  at: string
  isApplication: boolean
}

/** An open application that this person has not approved yet. */
export const waitsFor = ({ state, approvals }: Application, id: string) =>
  state === 'open' && approvals.every(({ by }) => by !== id)

/** What only somebody like this person can move on, the oldest first. Nothing for auditors. */
export function useWaiting(): Waiting[] {
  const { t } = useTranslation()
  const { user } = useSession()
  const applications = useApplications().data ?? []
  const requests = useRequests().data ?? []
  const reviews = useReviews().data ?? []
  const certificates = useCertificates().data ?? []
  if (user.role !== 'administrator') return []
  const nameOf = ({ request }: OpenRequest) =>
    certificates.find((one) =>
      request.kind === 'quota' ? one.ura === request.ura : one.peerId === request.peerId,
    )?.name
  const what = { revoked: t('measure.stateRevoked'), suspended: t('measure.stateSuspended') }
  return [
    ...applications
      .filter((one) => waitsFor(one, user.id))
      .map(({ id, organisation, approvals, changedAt }) => ({
        key: id,
        to: `/beheer/aanvragen/${id}`,
        what: t(approvals.length === 0 ? 'dashboard.first' : 'dashboard.second'),
        whose: organisation,
        at: changedAt,
        isApplication: true,
      })),
    ...requests
      .filter(({ by }) => by !== user.id)
      .map((open) => ({ ...open, name: nameOf(open) }))
      .map(({ id, by, at, request, name = '' }) => ({
        key: id,
        to:
          request.kind === 'quota'
            ? `/beheer/organisaties?toon=${request.ura}`
            : `/beheer/certificaten?toon=${request.serial}`,
        what: `${t('dashboard.request', { what: t(`measure.${request.kind}`).toLocaleLowerCase() })}, ${t('dashboard.requestBy', { by })}`,
        whose: name,
        at,
        isApplication: false,
      })),
    ...reviews
      .filter(({ by }) => by !== user.id)
      .map(({ peerId, serial, name, state, by, at }) => ({
        key: `review ${peerId}`,
        to: `/beheer/certificaten?toon=${serial}`,
        what: `${t('dashboard.review', { what: what[state] })}, ${t('dashboard.reviewBy', { by })}`,
        whose: name,
        at,
        isApplication: false,
      })),
  ].sort((a, b) => a.at.localeCompare(b.at))
}
