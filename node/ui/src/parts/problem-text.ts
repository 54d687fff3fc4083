import { useTranslation } from 'react-i18next'
import { ApiError } from '../api.ts'
import type { Wording } from '../i18n/wording.ts'

type Code = keyof Wording['codes']

/** Sentences for codes of the node, in the language of the page. */
export function useCodeText(): (code: string | undefined) => string {
  const { t, i18n } = useTranslation()
  return (code = 'UNEXPECTED') =>
    i18n.exists(`codes.${code}`) ? t(`codes.${code as Code}`) : t('problem.unknown', { code })
}

export function useProblemText(): (error: unknown) => string {
  const codeText = useCodeText()
  return (error) => codeText(error instanceof ApiError ? error.code : undefined)
}
