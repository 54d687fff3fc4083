import { Badge, formatInstant, useCodeText } from '@twiin/ui-kit'
import { CircleCheck, CircleDashed, FlaskConical, Phone } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Member, Status } from '../api-types.ts'
import { useQueues } from '../parts/queue-cards.tsx'
import { useMembers } from '../queries.ts'

/** Every other hospital: whether it is there, since when not, what waits for it, and whom to call. */
export function PeersTable({ status }: { status: Status }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const { data: members } = useMembers()
  const { data: queues } = useQueues()
  return (
    <section className="stack">
      <h2>{t('status.peersTitle')}</h2>
      <table className="table" aria-label={t('status.peersTitle')}>
        <thead>
          <tr>
            <th scope="col">{t('timeline.hospital')}</th>
            <th scope="col">{t('timeline.state')}</th>
            <th scope="col">{t('board.lastSeen')}</th>
            <th scope="col">{t('queue.waiting')}</th>
            <th scope="col">{t('directory.phone')}</th>
          </tr>
        </thead>
        <tbody>
          {status.peers.map(({ ura, name, connected, lastSeen }) => {
            const member = members?.find((one) => one.ura === ura)
            const queue = queues?.queues.find((one) => one.ura === ura)
            return (
              <tr key={ura} className="row">
                <td className="main-cell">
                  {name} <span className="muted small">{ura}</span>
                </td>
                <td className="state-cell">
                  <div className="state">
                    <Standing member={member} isConnected={connected} />
                    {queue?.away !== undefined && (
                      <span className="state-reason">{codeText(queue.away.reason)}</span>
                    )}
                  </div>
                </td>
                <td className="nowrap">
                  {connected
                    ? t('board.now')
                    : lastSeen === undefined
                      ? '–'
                      : formatInstant(lastSeen, i18n.language)}
                </td>
                <td>{queue === undefined ? 0 : queue.waiting + queue.running}</td>
                <td className="nowrap">
                  {member?.phone !== undefined && (
                    <a className="phone" href={`tel:${member.phone.replace(/[^+\d]/g, '')}`}>
                      <Phone aria-hidden size={14} /> {member.phone}
                    </a>
                  )}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

function Standing({ member, isConnected }: { member: Member | undefined; isConnected: boolean }) {
  const { t } = useTranslation()
  if (member?.state === 'testing')
    return (
      <Badge tone="warning" icon={FlaskConical}>
        {t('directory.testing')}
      </Badge>
    )
  return (
    <Badge tone={isConnected ? 'good' : 'warning'} icon={isConnected ? CircleCheck : CircleDashed}>
      {t(isConnected ? 'status.connected' : 'status.notConnected')}
    </Badge>
  )
}
