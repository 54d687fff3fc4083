import { useQuery } from '@tanstack/react-query'
import { formatBytes, formatInstant, useCodeText, useInterval } from '@twiin/ui-kit'
import { RotateCw, Unplug } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Transfer } from '../api-types.ts'
import type { Queues } from '../api-types-work.ts'
import { keys } from '../query-keys.ts'
import { useSession } from '../session.ts'
import { TransferAction } from './transfer-action.tsx'

export function useQueues() {
  return useQuery({ queryKey: keys.queues, queryFn: api.queues, refetchInterval: useInterval() })
}

const isToday = (instant: string) => new Date(instant).toDateString() === new Date().toDateString()

/** How busy it is, in four numbers; and what keeps everything for one hospital or the PACS waiting. */
export function QueueCards({ transfers }: { transfers: readonly Transfer[] }) {
  const { t, i18n } = useTranslation()
  const { data } = useQueues()
  const count = (of: (queue: Queues['queues'][number]) => number) =>
    data?.queues.reduce((sum, queue) => sum + of(queue), 0)
  const failed = data?.deadLetters.reduce((sum, letter) => sum + letter.count, 0)
  const today = transfers.filter(({ state, updatedAt }) => state === 'delivered' && isToday(updatedAt))
  const bytes = today.reduce((sum, transfer) => sum + transfer.bytes.total, 0)
  const cards: [string, string, boolean?][] = [
    [t('queue.running'), String(count(({ running }) => running) ?? '–')],
    [t('queue.waiting'), String(count(({ waiting }) => waiting) ?? '–')],
    [t('queue.failed'), String(failed ?? '–'), (failed ?? 0) > 0],
    [t('queue.today'), `${today.length} · ${formatBytes(bytes, i18n.language)}`],
  ]
  return (
    <dl className="cards">
      {cards.map(([name, value, isBad]) => (
        <div key={name} className="card count-card" data-bad={isBad === true}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What waits for a link that is open, and what gave up, by reason: one press tries all of it again. */
export function QueueTroubles() {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const { user } = useSession()
  const { data } = useQueues()
  const away = data?.queues.filter((queue) => queue.away !== undefined) ?? []
  const letters = data?.deadLetters ?? []
  if (away.length + letters.length === 0) return null
  return (
    <ul className="plain-list">
      {away.map((queue) => (
        <li key={queue.ura ?? 'pacs'} className="notice notice-warning">
          <Unplug aria-hidden size={18} />
          <span>
            <strong>{queue.link === 'pacs' ? t('status.pacs') : (queue.name ?? queue.ura)}</strong>{' '}
            {codeText(queue.away?.reason)}{' '}
            {t('queue.away', {
              count: queue.waiting,
              since: formatInstant(queue.away?.since, i18n.language),
              next: formatInstant(queue.away?.nextTryAt, i18n.language),
            })}
          </span>
        </li>
      ))}
      {letters.map(({ kind, reason, count }) => (
        <li key={`${kind} ${reason}`} className="notice">
          <div className="trouble">
            <span>
              <strong>{t('queue.gaveUp', { count })}</strong> {t(`transfers.${kind}`)}: {codeText(reason)}
            </span>
            {user.role === 'operator' && (
              <TransferAction
                act={() => api.retryAll(reason, kind)}
                label={t('queue.retryAll')}
                long={t('queue.retryAllLong', { reason: codeText(reason) })}
                done={t('transfers.retried')}
                icon={RotateCw}
              />
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}
