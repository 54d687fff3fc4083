import { Badge, formatInstant } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { peopleApi } from '../people-api.ts'
import type { OwnAccount } from '../people-api.ts'

interface Props {
  sessions: OwnAccount['sessions']
  run: (act: () => Promise<void>) => void
  look: () => Promise<void>
}

/** Where one is logged in, to end what one does not know. */
export function OwnSessions({ sessions, run, look }: Props) {
  const { t, i18n } = useTranslation()
  const at = (instant: string) => formatInstant(instant, i18n.language)
  return (
    <section className="card" aria-labelledby="sessions">
      <h2 id="sessions">{t('people.sessions')}</h2>
      <ul className="plain-list people-list">
        {sessions.map(({ id, address, begun, seen, isLocked, isThis }) => (
          <li key={id} className="people-row">
            <span>
              <strong className="code">{address}</strong>{' '}
              <span className="muted small">
                {t('people.sessionTimes', { begun: at(begun), seen: at(seen) })}
              </span>{' '}
              {isThis && <Badge tone="accent">{t('people.thisSession')}</Badge>}
              {isLocked && <Badge>{t('people.isLocked')}</Badge>}
            </span>
            {!isThis && (
              <button
                type="button"
                className="button button-small"
                onClick={() =>
                  run(async () => {
                    await peopleApi.endSession(id)
                    await look()
                  })
                }
              >
                {t('people.endSession')}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
