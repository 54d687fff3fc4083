import { useTranslation } from 'react-i18next'
import '../i18n/late-shares.ts'
import { PageTitle } from '../parts/page-title.tsx'

/** What was shared with whom, what came of it, and what can still be done about it (spec 25 §6). */
export function SharesPage() {
  const { t } = useTranslation()
  return <PageTitle title={t('shares.title')} />
}
