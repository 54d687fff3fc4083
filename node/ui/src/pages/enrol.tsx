import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { LogInFrame, LogOutButton, sessionKey, useProblemText } from '@twiin/ui-kit'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { RecoveryCodes } from '../parts/recovery-codes.tsx'
import { TotpEnrolment } from '../parts/totp-enrolment.tsx'
import { peopleApi } from '../people-api.ts'

/** The first log-in where a second factor is required: nothing else goes before there is one. */
export function EnrolPage() {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const client = useQueryClient()
  const [codes, setCodes] = useState<readonly string[]>()
  const options = useQuery({
    queryKey: ['session', 'options'],
    queryFn: peopleApi.options,
    staleTime: Infinity,
  })
  const begin = useMutation({ mutationFn: peopleApi.beginTotp })
  const { mutate } = begin
  useEffect(() => mutate(), [mutate])
  const finish = () => void client.invalidateQueries({ queryKey: sessionKey })
  const done = (given: readonly string[] | undefined) => (given === undefined ? finish() : setCodes(given))
  const byPasskey = useMutation({
    mutationFn: () => peopleApi.addPasskey(t('people.firstPasskey')),
    onSuccess: ({ recoveryCodes }) => done(recoveryCodes),
  })
  return (
    <LogInFrame title={t('people.enrolTitle')} lead={t('people.enrolLead')} foot={t('app.notDiagnostic')}>
      {codes !== undefined ? (
        <RecoveryCodes codes={codes} onDone={finish} />
      ) : (
        <>
          {begin.error !== null && (
            <p className="form-error" role="alert">
              {problemText(begin.error)}
            </p>
          )}
          {begin.data !== undefined && <TotpEnrolment shown={begin.data} onDone={done} />}
          {options.data?.passkeys === location.origin && (
            <button type="button" className="button button-wide" onClick={() => byPasskey.mutate()}>
              {t('people.passkeyInstead')}
            </button>
          )}
        </>
      )}
      <LogOutButton />
    </LogInFrame>
  )
}
