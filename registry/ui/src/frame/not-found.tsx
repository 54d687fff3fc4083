import { useTranslation } from 'react-i18next'
import { Title } from './title.tsx'

export function NotFoundPage() {
  const { t } = useTranslation()
  return (
    <>
      <Title title={t('problem.notFound')} />
      <p>{t('problem.notFoundText')}</p>
    </>
  )
}
