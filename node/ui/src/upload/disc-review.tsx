import { useMutation, useQuery } from '@tanstack/react-query'
import { ApiError, Problem, say, Skeleton, useProblemText } from '@twiin/ui-kit'
import { TriangleAlert, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Disc } from '../api-types-work.ts'
import type { Wording } from '../i18n/wording.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { DiscPatient } from './disc-patient.tsx'

type DiscProblem = keyof Wording['discProblems']

/** What was found on a disc, whose it seems to be, and what of it is taken in. */
export function DiscReview({ id, onGone }: { id: string; onGone: () => void }) {
  const { t } = useTranslation()
  const lookAgain = useLookAgain()
  const problemText = useProblemText()
  const {
    data: disc,
    error,
    refetch,
  } = useQuery({
    queryKey: keys.disc(id),
    queryFn: () => api.disc(id),
    refetchInterval: ({ state }) => (state.data?.state === 'reading' ? 1500 : false),
  })
  const remove = useMutation({
    mutationFn: () => api.removeDisc(id),
    onSuccess: () => {
      say({ text: t('upload.removed'), tone: 'done' })
      onGone()
    },
    onError: (cause) => say({ text: problemText(cause), tone: 'problem' }),
    onSettled: () => lookAgain(keys.discs),
  })
  // The node lets a disc go when everything was taken from it (spec 19 §8).
  const isGone = error instanceof ApiError && error.status === 404 && disc !== undefined
  if (error !== null && !isGone) return <Problem error={error} onRetry={() => void refetch()} />
  if (disc === undefined || disc.state === 'reading')
    return (
      <section className="stack" aria-busy>
        <p role="status">{t('upload.readingNow')}</p>
        <Skeleton rows={4} />
      </section>
    )
  return (
    <section className="stack" aria-label={t('upload.found')}>
      <div className="disc-head">
        <h2>{t('upload.found')}</h2>
        <button
          type="button"
          className="button button-small"
          disabled={remove.isPending || isGone}
          onClick={() => remove.mutate()}
        >
          <Trash2 aria-hidden size={14} />
          {t('upload.remove')}
        </button>
      </div>
      {isGone && <p className="notice">{t('upload.allTaken')}</p>}
      <Problems disc={disc} />
      {disc.patients?.length === 0 && <p className="muted">{t('upload.nothing')}</p>}
      {disc.patients?.map((patient) => (
        <DiscPatient key={patient.key} discId={id} patient={patient} />
      ))}
    </section>
  )
}

function Problems({ disc: { problems = [], counts } }: { disc: Disc }) {
  const { t, i18n } = useTranslation()
  const left = (counts?.ballast ?? 0) + (counts?.other ?? 0)
  return (
    <>
      {left > 0 && <p className="muted">{t('upload.left', { count: left })}</p>}
      {problems.length > 0 && (
        <details className="notice notice-warning disc-problems">
          <summary>
            <TriangleAlert aria-hidden size={18} /> {t('upload.problems', { count: problems.length })}
          </summary>
          <ul className="plain-list">
            {problems.map(({ code, count, places }) => (
              <li key={code}>
                {i18n.exists(`discProblems.${code}`) ? t(`discProblems.${code as DiscProblem}`) : code} (
                {count}×) <span className="code">{places.join(', ')}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}
