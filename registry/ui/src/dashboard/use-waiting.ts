import { useTranslation } from 'react-i18next'
import type { Application } from '../api-types.ts'
import { useApplications, useRequests, useReviews } from '../queries.ts'
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
  if (user.role !== 'administrator') return []
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
      .map(({ id, by, at, request }) => ({
        key: id,
        to:
          request.kind === 'quota'
            ? `/beheer/organisaties?toon=${request.ura}`
            : `/beheer/certificaten?toon=${request.serial}`,
        what: t('dashboard.request', { what: t(`measure.${request.kind}`).toLocaleLowerCase() }),
        whose: t('dashboard.requestBy', { by }),
        at,
        isApplication: false,
      })),
    ...reviews
      .filter(({ by }) => by !== user.id)
      .map(({ peerId, serial, name, state, by, at }) => ({
        key: `review ${peerId}`,
        to: `/beheer/certificaten?toon=${serial}`,
        what: t('dashboard.review', { what: what[state] }),
        whose: `${name}, ${t('dashboard.reviewBy', { by })}`,
        at,
        isApplication: false,
      })),
  ].sort((a, b) => a.at.localeCompare(b.at))
}
