import { useMutation, useQuery } from '@tanstack/react-query'
import { formatInstant, Problem, say, Skeleton, useInterval } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { api } from '../api.ts'
import type { TestRun } from '../api-types.ts'
import { useConfirmation } from '../log-in/use-confirmation.tsx'
import { TestStateBadge, TestSteps } from '../parts/test-steps.tsx'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { useMayAct } from '../session.ts'

const runningMs = 1000
const mostEarlier = 5

/** The newest test of a node, step by step while it runs, and a button to start one. */
export function SelfTestPanel({ peerId }: { peerId: string }) {
  const { t } = useTranslation()
  const mayAct = useMayAct()
  const every = useInterval()
  const lookAgain = useLookAgain()
  const { data, error, refetch } = useQuery({
    queryKey: [...keys.tests, peerId],
    queryFn: () => api.tests(peerId),
    refetchInterval: ({ state }) =>
      state.data?.some((run: TestRun) => run.state === 'running') === true ? runningMs : every,
  })
  const confirmation = useConfirmation()
  const start = useMutation({
    mutationFn: () => confirmation.run(() => api.startTest(peerId)),
    onSuccess: (begun) => begun !== undefined && say({ text: t('test.started'), tone: 'done' }),
    onSettled: () => lookAgain([...keys.tests, peerId]),
  })
  const [newest, ...earlier] = data ?? []
  return (
    <section className="test-panel stack" aria-labelledby={`test-${peerId}`}>
      <div className="panel-head">
        <h2 id={`test-${peerId}`}>{t('test.title')}</h2>
        {newest !== undefined && <TestStateBadge state={newest.state} />}
      </div>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={6} />}
      {data?.length === 0 && <p className="muted">{t('test.none')}</p>}
      {newest !== undefined && <RunSummary run={newest} />}
      {newest !== undefined && <TestSteps run={newest} />}
      {start.error !== null && <Problem error={start.error} />}
      {mayAct && newest?.state !== 'running' && confirmation.field}
      <div className="actions">
        {mayAct && newest?.state !== 'running' && (
          <button
            type="button"
            className="button button-primary"
            disabled={start.isPending}
            onClick={() => start.mutate()}
          >
            {t(newest === undefined ? 'test.start' : 'test.again')}
          </button>
        )}
        {newest?.state === 'passed' && (
          <Link to={`/verklaring/${newest.run}`} className="button">
            {t('test.certificate')}
          </Link>
        )}
      </div>
      {earlier.length > 0 && (
        <details>
          <summary>{t('test.earlier')}</summary>
          <ul className="plain-list earlier">
            {earlier.slice(0, mostEarlier).map((run) => (
              <li key={run.run}>
                <TestStateBadge state={run.state} /> <RunSummary run={run} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

function RunSummary({ run: { startedAt, reference } }: { run: TestRun }) {
  const { t, i18n } = useTranslation()
  return (
    <span className="muted small">
      {formatInstant(startedAt, i18n.language)} · {t('test.reference', { name: reference.name })}
    </span>
  )
}
