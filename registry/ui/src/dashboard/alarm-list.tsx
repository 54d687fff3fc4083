import { CircleAlert, ShieldCheck, TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { formatAge, formatDay } from '../format.ts'
import type { Alarm } from './alarms.ts'

export function AlarmList({ alarms, now }: { alarms: readonly Alarm[]; now: number }) {
  const { t } = useTranslation()
  const words = useAlarmWords(now)
  return (
    <section className="card stack" aria-labelledby="alarms">
      <h2 id="alarms">{t('dashboard.alarms')}</h2>
      {alarms.length === 0 && (
        <p className="quiet">
          <ShieldCheck aria-hidden size={18} />
          {t('dashboard.alarmsNone')}
        </p>
      )}
      {alarms.length > 0 && (
        <ul className="todo">
          {alarms.map((alarm) => {
            const Icon = alarm.tone === 'bad' ? CircleAlert : TriangleAlert
            const text = words(alarm)
            return (
              <li key={`${alarm.kind} ${text}`}>
                <Link to={alarm.to} className={`todo-item alarm alarm-${alarm.tone}`}>
                  <Icon aria-hidden size={18} />
                  <span>{text}</span>
                </Link>
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}

function useAlarmWords(now: number): (alarm: Alarm) => string {
  const { t, i18n } = useTranslation()
  return (alarm) => {
    switch (alarm.kind) {
      case 'emergency':
        return t('dashboard.emergency', { by: alarm.by, name: alarm.name })
      case 'ending':
        return t('dashboard.ending', { name: alarm.name, count: alarm.count })
      case 'endingToday':
      case 'ended':
      case 'suspended':
      case 'testFailed':
        return t(`dashboard.${alarm.kind}`, { name: alarm.name })
      case 'fewWitnesses':
        return t('dashboard.fewWitnesses', { count: alarm.count, quorum: alarm.quorum })
      case 'oldCosign':
        return t('dashboard.oldCosign', { age: formatAge(alarm.at, now, i18n.language) })
      case 'founding':
        return t('dashboard.founding', { at: formatDay(alarm.at, i18n.language) })
      case 'neverCosigned':
      case 'behind':
      case 'unconfirmed':
        return t(`dashboard.${alarm.kind}`)
    }
  }
}
