import { PageTitle } from '@twiin/ui-kit'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

/** The title of the tab ends in the registry's name. */
export function Title({ title, children }: { title: string; children?: ReactNode }) {
  const { t } = useTranslation()
  return (
    <PageTitle title={title} suffix={t('app.name')}>
      {children}
    </PageTitle>
  )
}
