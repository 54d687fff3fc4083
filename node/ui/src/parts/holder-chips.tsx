import { useCodeText } from '@twiin/ui-kit'
import { Ban, CircleCheck, CircleDashed, RotateCw, Unplug } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { PatientSearch, SearchHolder } from '../api-types.ts'
import { useMembers } from '../queries.ts'
import { UnreachableHolder } from './unreachable-holder.tsx'

const icons = { answered: CircleCheck, pending: CircleDashed, refused: Ban, unreachable: Unplug } as const

/** What each hospital answered, one chip each; never one spinner for all. */
export function HolderChips({
  search,
  onAgain,
}: {
  search: PatientSearch
  onAgain: (() => void) | undefined
}) {
  const { t } = useTranslation()
  const { holders, index, complete } = search
  const { data: members } = useMembers()
  const away = holders.filter(({ status }) => status === 'unreachable')
  const incomplete =
    complete && (index.answered < index.asked || holders.some(({ status }) => status === 'unreachable'))
  return (
    <section className="sources" aria-label={t('search.sources')}>
      <ul className="holders">
        {holders.map((holder) => (
          <Chip key={holder.ura} holder={holder} />
        ))}
      </ul>
      {away.length > 0 && (
        <ul className="plain-list">
          {away.map((holder) => (
            <UnreachableHolder
              key={holder.ura}
              holder={holder}
              member={members?.find(({ ura }) => ura === holder.ura)}
            />
          ))}
        </ul>
      )}
      <div className="sources-foot">
        <p className="muted small">
          {indexWords()}
          {index.asked > 0 && index.answered === 0 && complete ? '' : partialWords()}
          {search.emergency !== undefined && `. ${t('emergency.everybody', search.emergency)}`}
        </p>
        {incomplete && onAgain !== undefined && (
          <button type="button" className="button button-small" onClick={onAgain}>
            <RotateCw aria-hidden size={14} />
            {t('search.again')}
          </button>
        )}
      </div>
      <p className="hidden-text" role="status">
        {complete
          ? t('search.summaryDone', {
              studies: search.studies.length,
              answered: holders.filter(({ status }) => status === 'answered').length,
            })
          : t('search.summaryPending', {
              studies: search.studies.length,
              pending: holders.filter(({ status }) => status === 'pending').length,
            })}
      </p>
    </section>
  )

  function indexWords(): string {
    if (index.answered === 0 && !complete) return t('search.indexPending')
    if (index.answered === 0) return t('search.indexNone')
    return t('search.index', index)
  }

  function partialWords(): string {
    return complete && index.answered < index.asked ? `. ${t('search.indexPartial')}` : ''
  }
}

function Chip({ holder }: { holder: SearchHolder }) {
  const { t } = useTranslation()
  const codeText = useCodeText()
  const Icon = icons[holder.status]
  const reason = codeText(holder.reason)
  const words = {
    answered: t('search.answered', { count: holder.studies }),
    pending: t('search.pending'),
    refused: t('search.refused', { reason }),
    unreachable: t('search.unreachable', { reason }),
  }[holder.status]
  return (
    <li className={`chip chip-${holder.status}`} data-holder={holder.ura} data-status={holder.status}>
      <Icon aria-hidden size={16} />
      <span className="chip-name" title={holder.name}>
        {holder.name}
      </span>
      <span className="chip-words">{words}</span>
    </li>
  )
}
