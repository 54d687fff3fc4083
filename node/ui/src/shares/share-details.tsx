import { formatBytes, formatDate, formatInstant, formatMoment, Problem, useCodeText } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import type { Share } from '../api-types-shares.ts'
import { ShareActs } from './share-acts.tsx'
import { actsOf } from './share-look.ts'
import type { ShareAct } from './share-look.ts'
import { useShare } from './share-queries.ts'

/** All that is known of one, with what happened, in order, and what can be done. */
export function ShareDetails({ share, onAct }: { share: Share; onAct: (act: ShareAct) => void }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const { language } = i18n
  const { recipient, state, mail } = share
  const why = [
    state === 'failed' && share.reason !== undefined && codeText(share.reason),
    state === 'failed' && t('shares.stateWhy.failed'),
    state === 'locked' && t('shares.stateWhy.locked'),
    mail === 'failed' && t('shares.mailFailedHelp'),
  ].filter((text) => text !== false)
  return (
    <div className="stack">
      {why.length > 0 && <p>{why.join(' ')}</p>}
      <dl className="facts facts-wide">
        <div>
          <dt>{t('shares.column.recipient')}</dt>
          <dd>
            {t(`shares.kind.${recipient.kind}`)}
            {recipient.email !== undefined && <span className="block">{recipient.email}</span>}
          </dd>
        </div>
        <div>
          <dt>{t('shares.way')}</dt>
          <dd>
            {recipient.email === undefined ? t('shares.onPaper') : t(`shares.mail.${mail}`)},{' '}
            {t(`shares.factor.${share.factor}`)}
          </dd>
        </div>
        <div>
          <dt>{t('shares.validity')}</dt>
          <dd>
            {formatInstant(share.opensAt, language)} – {formatInstant(share.expiresAt, language)}
          </dd>
        </div>
        <div>
          <dt>{t('shares.id')}</dt>
          <dd className="code">{share.id}</dd>
        </div>
      </dl>
      <div className="columns">
        <section aria-label={t('shares.content')}>
          <h2 className="share-title">{t('shares.content')}</h2>
          <ul className="plain-list">
            {share.studies.map((study) => (
              <li key={study.studyInstanceUid}>
                {[
                  formatDate(study.date, language),
                  study.words[language === 'en' ? 'en' : 'nl'],
                  study.hospital,
                ]
                  .filter(Boolean)
                  .join(', ')}
                <span className="muted small">
                  {' '}
                  {t('timeline.images', { count: study.instances })}
                  {study.bytes > 0 && `, ${formatBytes(study.bytes, language)}`}
                  {study.reports > 0 && `, ${t('timeline.report', { count: study.reports })}`}
                </span>
              </li>
            ))}
          </ul>
        </section>
        <History id={share.id} />
      </div>
      <div className="chips">
        <ShareActs share={share} acts={actsOf(share)} onAct={onAct} />
      </div>
    </div>
  )
}

function History({ id }: { id: string }) {
  const { t, i18n } = useTranslation()
  const { data, error, refetch } = useShare(id)
  if (data === undefined)
    return error === null ? null : <Problem error={error} onRetry={() => void refetch()} />
  return (
    <section aria-label={t('shares.history')}>
      <h2 className="share-title">{t('shares.history')}</h2>
      <ol className="plain-list share-history">
        {data.history?.toReversed().map(({ at, what, by, phoneEnd }, step) => (
          <li key={step}>
            <span className="muted nowrap">{formatMoment(at, i18n.language)}</span>{' '}
            {i18n.exists(`shares.event.${what}`) ? t(`shares.event.${what as 'created'}`) : what}
            {phoneEnd !== undefined && (
              <span className="muted small"> {t('shares.phoneEnd', { digits: phoneEnd })}</span>
            )}
            {by !== undefined && <span className="muted small"> {t('shares.by', { name: by })}</span>}
          </li>
        ))}
      </ol>
    </section>
  )
}
