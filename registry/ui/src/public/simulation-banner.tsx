import { useMutation } from '@tanstack/react-query'
import { formatDate, Problem } from '@twiin/ui-kit'
import { FlaskConical, Pause, Play, RotateCcw } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Simulation } from '../api-types.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

export type Source = 'simulated' | 'real'

interface Props {
  simulation: Simulation
  source: Source
  onSource: (source: Source) => void
}

/** Says loudly that figures are played, and lets one play them; what is real is one press away. */
export function SimulationBanner({ simulation, source, onSource }: Props) {
  const { t, i18n } = useTranslation()
  const lookAgain = useLookAgain()
  const control = useMutation({
    mutationFn: api.simulate,
    onSettled: () => lookAgain(keys.statistics),
  })
  const { running, elapsedSeconds, durationSeconds, date } = simulation
  const isOver = elapsedSeconds >= durationSeconds
  return (
    <section className="simulation" aria-labelledby="simulation">
      <FlaskConical aria-hidden size={24} />
      <div className="simulation-words">
        <h2 id="simulation">{t('simulation.title')}</h2>
        <p>{t('simulation.text')}</p>
        {control.error !== null && <Problem error={control.error} />}
      </div>
      <div className="simulation-controls">
        <fieldset className="segments">
          <legend className="hidden-text">{t('simulation.source')}</legend>
          {(['simulated', 'real'] as const).map((name) => (
            <label key={name} className="segment">
              <input type="radio" name="source" checked={source === name} onChange={() => onSource(name)} />
              <span>{t(`simulation.${name}`)}</span>
            </label>
          ))}
        </fieldset>
        <div className="simulation-play">
          <button
            type="button"
            className="button button-small"
            disabled={control.isPending || isOver}
            onClick={() => control.mutate(running ? 'pause' : 'start')}
          >
            {running ? <Pause aria-hidden size={14} /> : <Play aria-hidden size={14} />}
            {t(running ? 'simulation.pause' : 'simulation.start')}
          </button>
          <button
            type="button"
            className="button button-small"
            disabled={control.isPending}
            onClick={() => control.mutate('restart')}
          >
            <RotateCcw aria-hidden size={14} />
            {t('simulation.restart')}
          </button>
        </div>
        <div className="simulation-progress">
          <span className="small">{t('simulation.date', { date: formatDate(date, i18n.language) })}</span>
          <div
            className="progress-track"
            role="progressbar"
            aria-label={t('simulation.progress')}
            aria-valuemin={0}
            aria-valuemax={durationSeconds}
            aria-valuenow={elapsedSeconds}
            aria-valuetext={formatDate(date, i18n.language)}
          >
            <div
              className="progress-bar"
              style={{ inlineSize: `${(elapsedSeconds / durationSeconds) * 100}%` }}
            />
          </div>
        </div>
      </div>
    </section>
  )
}
