import { useShortcuts } from '@twiin/ui-kit'
import { Images } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import type { HeldStudy } from '../api-types.ts'
import { useOpenViewer } from './opened-studies.ts'

/** Opens the pictures of a study that a search found; nothing for one of which only the index knows. */
export function OpenFoundButton(props: {
  study: { handle: string; studyInstanceUid: string | null }
  name: string
}) {
  const { id } = useParams()
  const { openFound } = useOpenViewer()
  const { handle, studyInstanceUid } = props.study
  if (id === undefined || studyInstanceUid === null) return null
  return <OpenButton name={props.name} onOpen={() => openFound(id, handle)} />
}

/** Opens the pictures of a study that this hospital holds. */
export function OpenHeldButton({ study, name }: { study: HeldStudy; name: string }) {
  const { openHeld } = useOpenViewer()
  return <OpenButton name={name} onOpen={() => openHeld(study)} />
}

function OpenButton({ name, onOpen }: { name: string; onOpen: () => void }) {
  const { t } = useTranslation()
  return (
    <button
      type="button"
      className="button button-small"
      data-open-pictures
      aria-label={t('viewer.openLong', { study: name })}
      title={`${t('viewer.open')} (O)`}
      onClick={onOpen}
    >
      <Images aria-hidden size={14} />
      {t('viewer.open')}
    </button>
  )
}

/** `O` on a row opens its pictures, whichever table it stands in. */
export function OpenKey() {
  useShortcuts((pressed) => {
    if (pressed !== 'o') return false
    const row = document.activeElement?.closest('tr')
    const button = row?.querySelector<HTMLElement>('[data-open-pictures]')
    button?.click()
    return button instanceof HTMLElement
  })
  return null
}
