import { useTranslation } from 'react-i18next'
import { ApiError } from '../api.ts'

/** Sentences for codes of the server, in the language of the page. */
export function useCodeText(): (code: string | undefined) => string {
  const { t, i18n } = useTranslation()
  return (code = 'UNEXPECTED') =>
    i18n.exists(`codes.${code}`) ? t(`codes.${code}` as 'codes.UNEXPECTED') : t('problem.unknown', { code })
}

export function useProblemText(): (error: unknown) => string {
  const codeText = useCodeText()
  return (error) => codeText(error instanceof ApiError ? error.code : undefined)
}
