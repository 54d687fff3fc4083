import { useTranslation } from 'react-i18next'

/** A reason code of the ledger in words; one that we do not know is shown as it is. */
export function useReasonText(): (reason: string) => string {
  const { t, i18n } = useTranslation()
  return (reason) =>
    i18n.exists(`reason.${reason}`) ? t(`reason.${reason}` as 'reason.unspecified') : reason
}
