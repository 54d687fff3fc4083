import { useTranslation } from 'react-i18next'
import type { ConsentScope } from '../api-types.ts'
import { useMembers } from '../queries.ts'

/** Whom a choice is about, in words. */
export function useScopeText(): (scope: ConsentScope) => string {
  const { t } = useTranslation()
  const { data: members } = useMembers()
  return (scope) => {
    switch (scope.kind) {
      case 'all':
        return t('consent.scopeAll')
      case 'category':
        return t(`consent.${scope.category}`)
      case 'organisation':
        return members?.find(({ ura }) => ura === scope.ura)?.name ?? scope.ura
    }
  }
}
