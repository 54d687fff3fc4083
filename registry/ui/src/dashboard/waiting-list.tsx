import { CircleCheck } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { formatAge } from '../format.ts'
import { useMayAct } from '../session.ts'
import { useWaiting } from './use-waiting.ts'

/** What only somebody like this person can move on. */
export function WaitingList({ now }: { now: number }) {
  const { t, i18n } = useTranslation()
  const mayAct = useMayAct()
  const waiting = useWaiting()
  return (
    <section className="card stack" aria-labelledby="waiting">
      <h2 id="waiting">{t('dashboard.waiting')}</h2>
      {waiting.length === 0 && (
        <p className="quiet">
          <CircleCheck aria-hidden size={18} />
          {t(mayAct ? 'dashboard.waitingNone' : 'dashboard.waitingAuditor')}
        </p>
      )}
      {waiting.length > 0 && (
        <ul className="todo">
          {waiting.map(({ key, to, what, whose, at }) => (
            <li key={key}>
              <Link to={to} className="todo-item">
                <span>
                  <strong className="block">{whose}</strong>
                  <span className="muted">{what}</span>
                </span>
                <span className="muted small nowrap">
                  {t('dashboard.since', { age: formatAge(at, now, i18n.language) })}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
