import { Badge, formatBytes, formatInstant, useCodeText } from '@twiin/ui-kit'
import { CircleAlert, CircleCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Status } from '../api-types.ts'

interface Props {
  status: Status
  isLive: boolean
}

export function StatusDetails({ status, isLive }: Props) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const at = (instant: string | undefined) =>
    instant === undefined ? t('app.unknown') : formatInstant(instant, i18n.language)
  const { registry, pacs, certificate, disk, index, peers, degraded } = status
  const others = status.problems.filter((problem) => !degraded.some(({ code }) => code === problem))
  return (
    <>
      {others.map((code) => (
        <p key={code} className="notice notice-error">
          <CircleAlert aria-hidden size={18} />
          {codeText(code)}
        </p>
      ))}
      {degraded.map(({ code, reason, since, until, decision }) => (
        <p key={code} className={decision === 'hard' ? 'notice notice-error' : 'notice notice-warning'}>
          <CircleAlert aria-hidden size={18} />
          <span>
            {codeText(code)} {reason !== undefined && <code>{reason}</code>}{' '}
            <span className="small">
              {since !== undefined && t('status.since', { at: at(since) })}{' '}
              {until !== undefined && t('status.until', { at: at(until) })}
            </span>
          </span>
        </p>
      ))}
      <dl className="facts facts-wide">
        <Fact
          name={t('status.registry')}
          ok={registry.reachable}
          value={t(registry.reachable ? 'status.registryOk' : 'status.registryDown')}
        >
          {t('status.lastContact', { at: at(registry.lastContact) })}
          {!registry.reachable && ` – ${t('status.registryDownHelp')}`}
        </Fact>
        <Fact
          name={t('status.pacs')}
          ok={pacs.reachable}
          value={t(pacs.reachable ? 'status.pacsOk' : 'status.pacsDown')}
        >
          {t('status.lastEcho', { at: at(pacs.lastEcho) })}
          {!pacs.reachable && ` – ${t('status.pacsDownHelp')}`}
        </Fact>
        <Fact
          name={t('status.certificate')}
          ok={certificate.daysLeft > 7}
          value={t('status.daysLeft', { count: Math.floor(certificate.daysLeft) })}
        />
        <Fact name={t('status.disk')} ok={disk.reserved} value={formatBytes(disk.freeBytes, i18n.language)} />
        <Fact
          name={t('status.index')}
          ok={index.pending === 0}
          value={
            index.pending === 0 ? t('status.indexDone') : t('status.indexPending', { count: index.pending })
          }
        />
      </dl>
      <h3>{t('status.peersTitle')}</h3>
      <ul className="plain-list">
        {peers.map(({ ura, name, connected }) => (
          <li key={ura}>
            <Badge tone={connected ? 'good' : 'warning'} icon={connected ? CircleCheck : CircleAlert}>
              {name}: {t(connected ? 'status.connected' : 'status.notConnected')}
            </Badge>
          </li>
        ))}
      </ul>
      <p className="muted small">{t(isLive ? 'status.live' : 'status.polling')}</p>
    </>
  )
}

function Fact(props: { name: string; ok: boolean; value: string; children?: ReactNode }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>
        <Badge tone={props.ok ? 'good' : 'warning'} icon={props.ok ? CircleCheck : CircleAlert}>
          {props.value}
        </Badge>
        {props.children !== undefined && <p className="muted small">{props.children}</p>}
      </dd>
    </div>
  )
}
