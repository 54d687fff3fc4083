import { Badge, useCodeText } from '@twiin/ui-kit'
import { CircleCheck, CircleX, Loader } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { TestRun, TestStep } from '../api-types.ts'
import { VerdictBadge } from './state-badges.tsx'

/** In the order in which they are taken (spec 12 §3). */
const steps: readonly TestStep[] = ['reach', 'echo', 'publish', 'find', 'send', 'receive']

/** All six steps of a run, also those that did not begin: the list does not grow while one looks. */
export function TestSteps({ run }: { run: TestRun }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  return (
    <ol className="test-steps" aria-label={t('test.steps')}>
      {steps.map((name) => {
        const step = run.steps.find((one) => one.name === name)
        const verdict = step?.result ?? (step?.running === true ? 'running' : 'waiting')
        return (
          <li key={name} className="test-step">
            <span>
              <strong>{t(`test.${name}`)}</strong>
              <span className="muted small block">
                {step?.reason !== undefined ? codeText(step.reason) : t(`test.${name}Help`)}
              </span>
            </span>
            <span className="test-result">
              <VerdictBadge verdict={verdict} />
              <span className="muted small nowrap">
                {step?.ms === undefined ? '' : seconds(step.ms, i18n.language)}
              </span>
            </span>
          </li>
        )
      })}
    </ol>
  )
}

const states = {
  running: { tone: 'accent', icon: Loader, words: 'test.stateRunning' },
  passed: { tone: 'good', icon: CircleCheck, words: 'test.statePassed' },
  failed: { tone: 'bad', icon: CircleX, words: 'test.stateFailed' },
} as const

export function TestStateBadge({ state }: { state: TestRun['state'] }) {
  const { t } = useTranslation()
  const { tone, icon, words } = states[state]
  return (
    <Badge tone={tone} icon={icon}>
      <span aria-live="polite">{t(words)}</span>
    </Badge>
  )
}

/** `0,8s` */
const seconds = (ms: number, language: string) =>
  (ms / 1000).toLocaleString(language, {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'narrow',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  })
