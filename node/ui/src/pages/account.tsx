import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Badge, Problem, say, Skeleton } from '@twiin/ui-kit'
import { ShieldAlert, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { OwnPasskeys } from '../parts/own-passkeys.tsx'
import { OwnPassword } from '../parts/own-password.tsx'
import { OwnSessions } from '../parts/own-sessions.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { RecoveryCodes } from '../parts/recovery-codes.tsx'
import { TotpEnrolment } from '../parts/totp-enrolment.tsx'
import { useFresh } from '../parts/use-fresh.tsx'
import { peopleApi } from '../people-api.ts'
import type { OwnAccount } from '../people-api.ts'
import { useSession } from '../session.ts'

const accountKey = ['account']

/** One's own second factor, passkeys, recovery codes, password and sessions (spec 23 §2). */
export function AccountPage() {
  const { t } = useTranslation()
  const { user } = useSession()
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({ queryKey: accountKey, queryFn: peopleApi.account })
  const { run, dialog } = useFresh()
  const look = () => client.invalidateQueries({ queryKey: accountKey })
  return (
    <>
      <PageTitle title={t('people.account')} />
      <p className="lead">
        {user.name} · {t(`role.${user.role}`)}
      </p>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={6} />}
      {data !== undefined && (
        <div className="account">
          {data.signedOn ? (
            <p className="card">{t('people.signedOn')}</p>
          ) : (
            <>
              <SecondFactor account={data} run={run} look={look} />
              <OwnPasskeys passkeys={data.passkeys} run={run} look={look} />
              <OwnPassword run={run} />
            </>
          )}
          <OwnSessions sessions={data.sessions} run={run} look={look} />
        </div>
      )}
      {dialog}
    </>
  )
}

interface Props {
  account: OwnAccount
  run: (act: () => Promise<void>) => void
  look: () => Promise<void>
}

function SecondFactor({ account: { secondFactor }, run, look }: Props) {
  const { t } = useTranslation()
  const [shown, setShown] = useState<{ secret: string; otpauth: string }>()
  const [codes, setCodes] = useState<readonly string[]>()
  const { totp, recoveryCodesLeft } = secondFactor
  const isSafe = totp || recoveryCodesLeft > 0
  if (codes !== undefined)
    return (
      <div className="card">
        <RecoveryCodes codes={codes} onDone={() => setCodes(undefined)} />
      </div>
    )
  return (
    <section className="card" aria-labelledby="second-factor">
      <div className="directory-head">
        <h2 id="second-factor">{t('people.secondFactor')}</h2>
        <Badge tone={totp ? 'good' : 'warning'} icon={totp ? ShieldCheck : ShieldAlert}>
          {t(totp ? 'people.totpOn' : 'people.totpOff')}
        </Badge>
      </div>
      <p className="muted">{t('people.secondFactorText')}</p>
      {shown === undefined ? (
        <div className="people-buttons">
          <button
            type="button"
            className="button"
            onClick={() => run(async () => setShown(await peopleApi.beginTotp()))}
          >
            {t(totp ? 'people.replaceTotp' : 'people.addTotp')}
          </button>
          {isSafe && (
            <button
              type="button"
              className="button"
              onClick={() =>
                run(async () => {
                  setCodes((await peopleApi.newCodes()).recoveryCodes)
                  await look()
                })
              }
            >
              {t('people.newCodes')}
            </button>
          )}
          {isSafe && <span className="muted">{t('people.codesLeft', { count: recoveryCodesLeft })}</span>}
        </div>
      ) : (
        <TotpEnrolment
          shown={shown}
          onDone={(given) => {
            setShown(undefined)
            setCodes(given)
            say({ text: t('people.totpDone'), tone: 'done' })
            void look()
          }}
        />
      )}
    </section>
  )
}
