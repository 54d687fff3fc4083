import { formatInstant } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import type { Application, Contact } from '../api-types.ts'
import { Facts } from '../parts/facts.tsx'
import { useLevelText } from '../parts/level-text.ts'

/** What a clinic says about itself, and the key it showed. */
export function ApplicationFacts({ application }: { application: Application }) {
  const { t, i18n } = useTranslation()
  const levelText = useLevelText()
  const { ura, agb, kvk, category, level, declaredPatients, mailboxes, phone } = application
  const { fingerprint, peerId, at, changedAt, remarks } = application
  return (
    <section className="card stack" aria-labelledby="facts">
      <h2 id="facts">{t('application.facts')}</h2>
      <Facts
        facts={[
          [t('apply.organisation'), application.organisation],
          [t('apply.category'), t(`category.${category}`)],
          [t('apply.ura'), ura],
          [t('apply.agb'), agb],
          [t('apply.kvk'), kvk],
          [t('apply.level'), levelText(level)],
          [t('application.patients'), declaredPatients.toLocaleString(i18n.language)],
          [t('apply.mailboxes'), mailboxes.join(', ') || t('app.none')],
          [t('apply.phone'), phone],
          [t('application.submitted'), formatInstant(at, i18n.language)],
          [t('application.changed'), changedAt === at ? undefined : formatInstant(changedAt, i18n.language)],
        ]}
      />
      <dl className="facts">
        <div>
          <dt>{t('application.fingerprint')}</dt>
          <dd className={fingerprint === undefined ? 'muted' : 'fingerprint'}>
            {fingerprint ?? t('application.noKey')}
          </dd>
        </div>
        {peerId !== undefined && (
          <div>
            <dt>{t('application.peer')}</dt>
            <dd className="code">{peerId}</dd>
          </div>
        )}
        {remarks !== undefined && (
          <div>
            <dt>{t('application.remarks')}</dt>
            <dd className="prose">{remarks}</dd>
          </div>
        )}
      </dl>
    </section>
  )
}

export function Contacts({ contacts }: { contacts: readonly Contact[] }) {
  const { t } = useTranslation()
  return (
    <section className="card stack" aria-labelledby="contacts">
      <h2 id="contacts">{t('application.contacts')}</h2>
      {contacts.length === 0 && <p className="muted">{t('application.noContacts')}</p>}
      <ul className="plain-list contacts">
        {contacts.map(({ role, name, email, phone }) => (
          <li key={`${role} ${name}`}>
            <strong className="block">{name}</strong>
            <span className="muted small block">{t(`application.${role}`)}</span>
            <a href={`mailto:${email}`} className="contact-link">
              {email}
            </a>
            {phone !== undefined && (
              <a href={`tel:${phone.replace(/[^+\d]/g, '')}`} className="contact-link">
                {phone}
              </a>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
