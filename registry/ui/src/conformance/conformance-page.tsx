import { useQuery } from '@tanstack/react-query'
import { ApiError, Logo, Problem, Skeleton } from '@twiin/ui-kit'
import { BadgeCheck, CircleX, Loader, Printer } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { api } from '../api.ts'
import type { TestRun } from '../api-types.ts'
import { formatDay } from '../format.ts'
import { Title } from '../frame/title.tsx'
import { useLevelText } from '../parts/level-text.ts'
import { TestSteps } from '../parts/test-steps.tsx'
import { keys } from '../query-keys.ts'

const runningMs = 2000

/** One page of A4 on which stands that a node passed, and how to check that (spec 12 §4). */
export function ConformancePage() {
  const { t } = useTranslation()
  const { run = '' } = useParams()
  const { data, error, refetch } = useQuery({
    queryKey: [...keys.tests, run],
    queryFn: () => api.test(run),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? runningMs : false),
  })
  if (error instanceof ApiError && (error.status === 404 || error.status === 400))
    return (
      <>
        <Title title={t('conformance.unknownTitle')} />
        <p>{t('conformance.unknownText')}</p>
      </>
    )
  if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Skeleton rows={12} />
  return data.state === 'passed' ? <Certificate run={data} /> : <NoCertificate run={data} />
}

function Certificate({ run }: { run: TestRun }) {
  const { t, i18n } = useTranslation()
  const levelText = useLevelText()
  const { name, ura, peerId, level, endedAt, startedAt, reference, version, index } = run
  const facts = [
    [t('conformance.organisation'), name],
    [t('conformance.ura'), ura],
    [t('conformance.level'), levelText(level)],
    [t('conformance.date'), formatDay(endedAt ?? startedAt, i18n.language)],
    [t('conformance.reference'), reference.name],
    [t('conformance.software'), version],
    [t('conformance.peer'), <span className="code">{peerId}</span>],
    [t('conformance.run'), <span className="code">{run.run}</span>],
    [
      t('conformance.line'),
      index !== undefined && (
        <Link to={`/logboek?regel=${index}`}>{t('conformance.lineText', { index })}</Link>
      ),
    ],
  ] as const
  return (
    <div className="certificate-page">
      <div className="certificate-tools">
        <button type="button" className="button" onClick={() => window.print()}>
          <Printer aria-hidden size={16} />
          {t('conformance.print')}
        </button>
      </div>
      <article className="certificate">
        <header className="certificate-head">
          <Logo size={48} />
          <div>
            <Title title={t('conformance.title')} />
            <p className="certificate-name">{name}</p>
          </div>
          <BadgeCheck aria-hidden size={48} strokeWidth={1.25} className="certificate-seal" />
        </header>
        <p>{t('conformance.lead')}</p>
        <dl className="certificate-facts">
          {facts
            .filter(([, value]) => value !== undefined && value !== false && value !== '')
            .map(([term, value]) => (
              <div key={term}>
                <dt>{term}</dt>
                <dd>{value}</dd>
              </div>
            ))}
        </dl>
        <h2>{t('conformance.steps')}</h2>
        <TestSteps run={run} />
        <footer className="certificate-foot small">
          <p>{t('conformance.scope')}</p>
          <p>{t('conformance.verify', { address: `${location.origin}/verklaring/${run.run}` })}</p>
        </footer>
      </article>
    </div>
  )
}

function NoCertificate({ run }: { run: TestRun }) {
  const { t } = useTranslation()
  const isRunning = run.state === 'running'
  const Icon = isRunning ? Loader : CircleX
  return (
    <>
      <Title title={t(isRunning ? 'conformance.runningTitle' : 'conformance.failedTitle')} />
      <p className={isRunning ? 'notice notice-wait' : 'notice notice-error'} role="status">
        <Icon aria-hidden size={20} />
        <span>{t(isRunning ? 'conformance.runningText' : 'conformance.failedText')}</span>
      </p>
      <p className="subject">{run.name}</p>
      <TestSteps run={run} />
    </>
  )
}
