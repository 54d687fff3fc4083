import { useMutation } from '@tanstack/react-query'
import { Badge, say, useProblemText } from '@twiin/ui-kit'
import { Siren } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { PatientSearch } from '../api-types.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

/** How long it lasts still, always in sight beside whose studies these are, and the way to end it. */
export function EmergencyBadge({
  searchId,
  emergency,
}: {
  searchId: string
  emergency: NonNullable<PatientSearch['emergency']>
}) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const lookAgain = useLookAgain()
  const now = useNow(10_000)
  const end = useMutation({
    mutationFn: () => api.endEmergency(emergency.id),
    onSuccess: () => say({ text: t('emergency.ended'), tone: 'done' }),
    onError: (error) => say({ text: problemText(error), tone: 'problem' }),
    onSettled: () => lookAgain(keys.search(searchId)),
  })
  const leftMs = Date.parse(emergency.until) - now
  const isOpen = emergency.open && leftMs > 0
  return (
    <span className="emergency-badge">
      <Badge tone={isOpen ? 'bad' : 'plain'} icon={Siren}>
        {isOpen ? t('emergency.left', { minutes: Math.ceil(leftMs / 60_000) }) : t('emergency.over')}
      </Badge>
      {isOpen && (
        <button
          type="button"
          className="button button-small"
          disabled={end.isPending}
          onClick={() => end.mutate()}
        >
          {t('emergency.end')}
        </button>
      )}
    </span>
  )
}

function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
