import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Title } from '../frame/title.tsx'

/** What the registry is, what it keeps, and how far these pages are accessible. */
export function AboutPage() {
  const { t } = useTranslation()
  return (
    <div className="prose-page">
      <Title title={t('about.title')} />
      <h2>{t('about.what')}</h2>
      <p>{t('about.whatText')}</p>
      <h2>{t('about.log')}</h2>
      <p>{t('about.logText')}</p>
      <p>
        <Link to="/logboek">{t('logState.open')}</Link>
      </p>
      <h2>{t('about.privacy')}</h2>
      <p>{t('about.privacyText')}</p>
      <h2>{t('about.accessibility')}</h2>
      <p>{t('about.accessibilityText')}</p>
    </div>
  )
}
