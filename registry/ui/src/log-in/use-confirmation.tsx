import { useQueryClient } from '@tanstack/react-query'
import { ApiError, Field, sessionKey } from '@twiin/ui-kit'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Session } from '../api-types.ts'
import { useSession } from '../session.ts'
import { CodeInput, isCode } from './code-input.tsx'

/** So long the registry takes one code for what cannot be undone by a word (spec 06 §4); a little less, for the way. */
const confirmedForMs = 5 * 60_000 - 15_000

interface Confirmation {
  /** The field for the code, or nothing while the last code still counts. Stands in the form of the act. */
  field: ReactNode
  /** Gives the code first when one is needed. Undefined: no code yet, and the field says so. */
  run: <T>(act: () => Promise<T>) => Promise<T | undefined>
}

/** A dangerous act takes a code of the authenticator app that is at most five minutes old. */
export function useConfirmation(): Confirmation {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { confirmedAt } = useSession()
  const [code, setCode] = useState('')
  const [error, setError] = useState<string>()
  const [isAsked, setIsAsked] = useState(() => !stillCounts(confirmedAt))
  const confirm = async () => {
    try {
      const answer = await api.confirm(code)
      const at = answer?.confirmedAt ?? new Date().toISOString()
      client.setQueryData<Session>(sessionKey, (session) => session && { ...session, confirmedAt: at })
      setIsAsked(false)
    } finally {
      // Used up, whichever way it went.
      setCode('')
    }
  }
  return {
    field: isAsked && (
      <Field
        label={t('confirmation.code')}
        hint={t('confirmation.hint')}
        error={error}
        className="code-field"
      >
        {(control) => <CodeInput {...control} value={code} onChange={setCode} />}
      </Field>
    ),
    run: async (act) => {
      setError(undefined)
      if (isAsked) {
        if (!isCode(code)) {
          setError(t('login.codeWrong'))
          return undefined
        }
        try {
          await confirm()
        } catch (failure) {
          if (!hasCode(failure, 'CODE_WRONG')) throw failure
          setError(t('confirmation.wrong'))
          return undefined
        }
      }
      try {
        return await act()
      } catch (failure) {
        if (!hasCode(failure, 'CONFIRMATION_REQUIRED')) throw failure
        setIsAsked(true)
        setError(t('login.codeWrong'))
        return undefined
      }
    },
  }
}

const stillCounts = (confirmedAt: string | null) =>
  confirmedAt !== null && Date.now() - Date.parse(confirmedAt) < confirmedForMs

const hasCode = (error: unknown, code: string) => error instanceof ApiError && error.code === code
