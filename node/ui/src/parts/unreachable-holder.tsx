import { useMutation } from '@tanstack/react-query'
import { Badge, formatInstant, say, useProblemText } from '@twiin/ui-kit'
import { BellRing, Phone } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Member, SearchHolder } from '../api-types.ts'
import { awaitPeer, useAwaitedPeers } from './awaited-peers.ts'

/** What can be done about a hospital that does not answer: call it, or be told when it is back. */
export function UnreachableHolder({ holder, member }: { holder: SearchHolder; member: Member | undefined }) {
  const { t, i18n } = useTranslation()
  const problemText = useProblemText()
  const isAwaited = useAwaitedPeers().has(holder.ura)
  const watch = useMutation({
    mutationFn: () => api.watchPeer(holder.ura),
    onSuccess: () => awaitPeer(holder.ura),
    onError: (error) => say({ text: problemText(error), tone: 'problem' }),
  })
  return (
    <li className="unreachable">
      <strong>{holder.name}</strong>
      <span>{t('peers.fromIndex', { count: holder.studies })}</span>
      {member?.phone !== undefined && (
        <a className="phone" href={`tel:${member.phone.replace(/[^+\d]/g, '')}`}>
          <Phone aria-hidden size={14} /> {member.phone}
        </a>
      )}
      <span className="muted">
        {member?.lastSeen === undefined
          ? t('peers.neverSeen')
          : t('peers.lastSeen', { at: formatInstant(member.lastSeen, i18n.language) })}
      </span>
      {isAwaited ? (
        <Badge tone="accent" icon={BellRing}>
          {t('peers.awaited')}
        </Badge>
      ) : (
        <button
          type="button"
          className="button button-small"
          aria-label={t('peers.tellMeLong', { name: holder.name })}
          disabled={watch.isPending}
          onClick={() => watch.mutate()}
        >
          <BellRing aria-hidden size={14} />
          {t('peers.tellMe')}
        </button>
      )}
    </li>
  )
}
