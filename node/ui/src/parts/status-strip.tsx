import { Dialog } from '@twiin/ui-kit'
import { CircleAlert, CircleCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStatus } from '../queries.ts'
import { StatusDetails } from './status-details.tsx'

/** Registry, hospitals, PACS at a glance; the whole story on a press. */
export function StatusStrip({ isLive }: { isLive: boolean }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const { data: status, isError } = useStatus()
  if (status === undefined)
    return <span className="strip muted">{isError ? t('status.unknownNow') : ''}</span>
  const { peers } = status
  const connected = peers.filter((peer) => peer.connected).length
  const lights = [
    {
      ok: status.registry.reachable,
      short: t('status.registry'),
      long: t(status.registry.reachable ? 'status.registryOk' : 'status.registryDown'),
    },
    {
      ok: connected === peers.length,
      short: t('status.peers', { connected, total: peers.length }),
      long: t('status.peers', { connected, total: peers.length }),
    },
    {
      ok: status.pacs.reachable,
      short: t('status.pacs'),
      long: t(status.pacs.reachable ? 'status.pacsOk' : 'status.pacsDown'),
    },
    ...(status.problems.length + status.degraded.length === 0
      ? []
      : [{ ok: false, short: t('status.attention'), long: t('status.attention') }]),
  ]
  return (
    <>
      <button type="button" className="strip" title={t('status.open')} onClick={() => setOpen(true)}>
        {lights.map(({ ok, short, long }) => (
          <span key={long} className={ok ? 'light light-ok' : 'light light-down'}>
            {ok ? <CircleCheck aria-hidden size={14} /> : <CircleAlert aria-hidden size={14} />}
            {ok ? short : long}
            {ok && short !== long && <span className="hidden-text">: {long}</span>}
          </span>
        ))}
      </button>
      {open && (
        <Dialog title={t('status.title')} onClose={() => setOpen(false)}>
          <StatusDetails status={status} isLive={isLive} />
        </Dialog>
      )}
    </>
  )
}
