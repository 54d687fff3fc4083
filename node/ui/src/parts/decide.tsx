import { useMutation } from '@tanstack/react-query'
import { Dialog, Problem, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Decision, WorkItem } from '../api-types.ts'
import { formatName } from '../format.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

const choices = [
  { decision: 'same-patient', title: 'exceptions.same', effect: 'exceptions.sameEffect' },
  { decision: 'other-patient', title: 'exceptions.other', effect: 'exceptions.otherEffect' },
  { decision: 'reject', title: 'exceptions.reject', effect: 'exceptions.rejectEffect' },
] as const satisfies { decision: Decision; title: string; effect: string }[]

/** Three decisions, each with what it does; asked once more, because it cannot be undone. */
export function Decide({ item }: { item: WorkItem }) {
  const { t } = useTranslation()
  const lookAgain = useLookAgain()
  const [asked, setAsked] = useState<(typeof choices)[number]>()
  const resolve = useMutation({
    mutationFn: (decision: Decision) => api.resolve(item.id, decision),
    onSuccess: () => {
      say({ text: t('exceptions.decided'), tone: 'done' })
      setAsked(undefined)
    },
    onSettled: () => lookAgain(keys.exceptions),
  })
  const facts = { number: item.local.localId, name: formatName(item.local.name) }
  return (
    <div className="decide">
      {choices.map((choice) => (
        <button
          key={choice.decision}
          type="button"
          className={choice.decision === 'reject' ? 'button button-danger' : 'button'}
          onClick={() => {
            resolve.reset()
            setAsked(choice)
          }}
        >
          {t(choice.title)}
        </button>
      ))}
      {asked !== undefined && (
        <Dialog title={t(asked.title)} isQuestion onClose={() => setAsked(undefined)}>
          <div className="stack">
            <p>{t(asked.effect, facts)}</p>
            <p className="muted">{t('exceptions.final')}</p>
            {resolve.error !== null && <Problem error={resolve.error} />}
            <div className="dialog-foot">
              <button type="button" className="button" onClick={() => setAsked(undefined)}>
                {t('app.cancel')}
              </button>
              <button
                type="button"
                className={asked.decision === 'reject' ? 'button button-danger' : 'button button-primary'}
                disabled={resolve.isPending}
                onClick={() => resolve.mutate(asked.decision)}
              >
                {t('app.confirm')}: {t(asked.title)}
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </div>
  )
}
