import { Badge, formatBytes, formatInstant, useCodeText } from '@twiin/ui-kit'
import { CircleAlert, CircleCheck, OctagonAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Status } from '../api-types.ts'

interface Health {
  name: string
  value: string
  ok: boolean
  more: string
  to?: string
}

/** One card for each thing that can go wrong; above them in words what did. */
export function HealthCards({ status }: { status: Status }) {
  const { t } = useTranslation()
  const cards = useCards(status)
  return (
    <>
      <Complaints status={status} />
      <ul className="cards plain-cards">
        {cards.map(({ name, value, ok, more, to }) => (
          <li key={name} className="card health-card" data-ok={ok}>
            <h2>{to === undefined ? name : <Link to={to}>{name}</Link>}</h2>
            <Badge tone={ok ? 'good' : 'warning'} icon={ok ? CircleCheck : CircleAlert}>
              {value}
            </Badge>
            <p className="muted small">{more}</p>
          </li>
        ))}
      </ul>
      <p className="muted small">
        {t('app.version', { version: status.version })} · <span className="code">{status.peerId}</span>
      </p>
    </>
  )
}

function useCards({ pacs, registry, peers, disk, certificate, index, queues }: Status): Health[] {
  const { t, i18n } = useTranslation()
  const at = (instant: string | undefined) =>
    instant === undefined ? t('app.unknown') : formatInstant(instant, i18n.language)
  const connected = peers.filter((peer) => peer.connected).length
  const waiting = queues.queued + queues.running
  return [
    {
      ...{ name: t('status.pacs'), ok: pacs.reachable },
      value: t(pacs.reachable ? 'status.pacsOk' : 'status.pacsDown'),
      more: t('status.lastEcho', { at: at(pacs.lastEcho) }),
    },
    {
      ...{ name: t('status.registry'), ok: registry.reachable },
      value: t(registry.reachable ? 'status.registryOk' : 'status.registryDown'),
      more: t('status.lastContact', { at: at(registry.lastContact) }),
    },
    {
      ...{ name: t('status.peersTitle'), ok: connected === peers.length, to: '/adresboek' },
      value: t('status.peers', { connected, total: peers.length }),
      more: t(connected === peers.length ? 'board.allConnected' : 'board.someAway'),
    },
    {
      ...{ name: t('status.disk'), ok: disk.reserved && (disk.daysToFull ?? Infinity) > 14 },
      value: formatBytes(disk.freeBytes, i18n.language),
      more:
        disk.daysToFull === undefined
          ? t('board.diskSteady')
          : t('board.diskDays', { count: disk.daysToFull }),
    },
    {
      ...{ name: t('status.certificate'), ok: certificate.daysLeft > 7 },
      value: t('status.daysLeft', { count: Math.floor(certificate.daysLeft) }),
      more: at(certificate.notAfter),
    },
    {
      ...{ name: t('nav.transfers'), ok: queues.held === 0, to: '/overdrachten' },
      value: t('board.queued', { count: waiting }),
      more: t('board.held', { count: queues.held }),
    },
    {
      ...{ name: t('status.index'), ok: index.pending === 0 },
      value: index.pending === 0 ? t('status.indexDone') : t('status.indexPending', { count: index.pending }),
      more: t('board.indexWhat'),
    },
  ]
}

/** Why the node is not ready, and what is not as it should be, since when, and when it gets worse. */
function Complaints({ status: { problems, degraded } }: { status: Status }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const others = problems.filter((problem) => !degraded.some(({ code }) => code === problem))
  const listed = [
    ...others.map((code) => ({
      code,
      decision: 'hard' as const,
      since: undefined,
      until: undefined,
      reason: undefined,
    })),
    ...degraded,
  ]
  if (listed.length === 0)
    return (
      <p className="notice notice-good" role="status">
        <CircleCheck aria-hidden size={18} />
        {t('board.fine')}
      </p>
    )
  return (
    <ul className="plain-list" role="status">
      {listed.map(({ code, decision, since, until, reason }) => (
        <li key={code} className={decision === 'hard' ? 'notice notice-error' : 'notice notice-warning'}>
          <OctagonAlert aria-hidden size={18} />
          <span>
            {codeText(code)} {reason !== undefined && codeText(reason)}{' '}
            <span className="small">
              {since !== undefined && t('status.since', { at: formatInstant(since, i18n.language) })}{' '}
              {until !== undefined && t('status.until', { at: formatInstant(until, i18n.language) })}
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}
