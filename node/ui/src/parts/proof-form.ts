import { ApiError, useProblemText } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import type { Proof } from '../people-api.ts'

export function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** What the fields of `ProofFields` hold. */
export function proofOf(form: FormData): Proof {
  const code = textOf(form, 'code').trim()
  return { password: textOf(form, 'password'), ...(code === '' ? {} : { code }) }
}

const isCode = (error: unknown, code: string) => error instanceof ApiError && error.code === code
export const isCodeRequired = (error: unknown): boolean => isCode(error, 'CODE_REQUIRED')

/** What went wrong with a proof; nothing when only the code was missing, or the person let go of the passkey. */
export function useProofProblem(): (error: unknown) => string | undefined {
  const { t } = useTranslation()
  const problemText = useProblemText()
  return (error) => {
    if (error === null || isCodeRequired(error)) return undefined
    if (isCode(error, 'NOT_AUTHENTICATED') || isCode(error, 'CONFIRMATION_WRONG')) return t('people.wrong')
    if (isCode(error, 'TOO_MANY_ATTEMPTS')) return t('login.locked')
    return error instanceof ApiError ? problemText(error) : t('people.noPasskey')
  }
}

/** The hospital's own log-in led back without letting somebody in, or without opening what was locked (spec 23 §5). */
export const wasSignOnRefused = (): boolean =>
  new URLSearchParams(location.search).get('sign-on') === 'refused'
