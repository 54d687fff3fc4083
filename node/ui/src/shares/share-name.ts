import { useTranslation } from 'react-i18next'
import type { Share } from '../api-types-shares.ts'
import { formatName } from '../format.ts'

/** For whom it is, as a person would say it. */
export function useShareName(): (share: Pick<Share, 'recipient'>) => string {
  const { t } = useTranslation()
  return ({ recipient: { kind, name, email } }) =>
    name === undefined || name === '' ? (email ?? t(`shares.kind.${kind}`)) : formatName(name)
}
