import { useQuery } from '@tanstack/react-query'
import { formatBytes, formatMoment, Problem } from '@twiin/ui-kit'
import { Download, FileCheck2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Receipt, Transfer } from '../api-types.ts'
import { keys } from '../query-keys.ts'
import { useSession } from '../session.ts'
import { CancelButton } from './cancel-button.tsx'
import { TransferHops } from './transfer-hops.tsx'

/** Why it was sent and what was said with it; when, how often, how much; and the proof that it got there. */
export function TransferDetails({ transfer }: { transfer: Transfer }) {
  const { t, i18n } = useTranslation()
  const { user } = useSession()
  const { sendReason, note, sender, attempts, createdAt, bytes, instances, id } = transfer
  const facts: [string, string | undefined][] = [
    [t('transfers.reason'), sendReason],
    [t('transfers.note'), note],
    [t('transfers.sender'), sender],
    [t('transfers.created'), formatMoment(createdAt, i18n.language)],
    [t('transfers.attempts'), attempts === 0 ? undefined : String(attempts)],
    [
      t('transfers.size'),
      `${t('timeline.images', { count: instances.total })} · ${formatBytes(bytes.total, i18n.language)}`,
    ],
    [
      t('queue.undelivered'),
      transfer.undelivered === undefined
        ? undefined
        : t('queue.undeliveredText', {
            count: transfer.undelivered.instances,
            status: (transfer.undelivered.status ?? 0).toString(16).toUpperCase().padStart(4, '0'),
          }),
    ],
    [t('transfers.id'), id],
  ]
  return (
    <dl className="facts facts-wide">
      {facts
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      <div>
        <dt>{t('hops.title')}</dt>
        <dd>
          <TransferHops transfer={transfer} />
        </dd>
      </div>
      {transfer.kind === 'send' && (
        <div>
          <dt>{t('transfers.receipt')}</dt>
          <dd>
            <SignedReceipt id={id} recipient={transfer.counterparty.name} />
          </dd>
        </div>
      )}
      {transfer.state === 'delivered' && transfer.kind !== 'disc' && (
        <div>
          <dt>{t('proof.title')}</dt>
          <dd className="chips">
            {transfer.studyInstanceUids.map((uid) => (
              <a
                key={uid}
                className="button button-small"
                href={`/api/v1/studies/${uid}/proof`}
                download={`proof-${uid}.json`}
              >
                <Download aria-hidden size={16} />
                {t('proof.save')}
              </a>
            ))}
          </dd>
        </div>
      )}
      {transfer.cancellable && user.role === 'operator' && (
        <div>
          <dt>{t('transfers.stop')}</dt>
          <dd>
            <CancelButton transfer={transfer} />
          </dd>
        </div>
      )}
    </dl>
  )
}

const outcomes = {
  delivered: 'transfers.receiptDelivered',
  held: 'transfers.receiptHeld',
  rejected: 'transfers.receiptRejected',
} as const satisfies Record<Receipt['state'], string>

function SignedReceipt({ id, recipient }: { id: string; recipient: string }) {
  const { t, i18n } = useTranslation()
  const { data, error } = useQuery({ queryKey: keys.send(id), queryFn: () => api.sendDetails(id) })
  if (error !== null) return <Problem error={error} />
  if (data === undefined) return t('app.loading')
  const { receipt } = data
  if (receipt === undefined) return t('transfers.receiptNone')
  return (
    <>
      <p className="receipt">
        <FileCheck2 aria-hidden size={16} />
        {t('transfers.receiptText', {
          name: recipient,
          at: formatMoment(receipt.issuedAt, i18n.language),
          count: receipt.instances,
          state: t(outcomes[receipt.state]),
        })}
      </p>
      <button type="button" className="button button-small" onClick={() => save(id, receipt)}>
        {t('transfers.receiptSave')}
      </button>
    </>
  )
}

/** The signed bytes with what they say, as a file: evidence that stands outside this node. */
function save(id: string, receipt: Receipt): void {
  const url = URL.createObjectURL(
    new Blob([JSON.stringify({ package: id, ...receipt }, null, 2)], { type: 'application/json' }),
  )
  const link = document.createElement('a')
  link.href = url
  link.download = `receipt-${id}.json`
  link.click()
  URL.revokeObjectURL(url)
}
