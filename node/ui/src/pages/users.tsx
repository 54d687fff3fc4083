import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Badge, Problem, say, Skeleton } from '@twiin/ui-kit'
import { ShieldAlert, ShieldCheck, UserPlus, UserX } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { PageTitle } from '../parts/page-title.tsx'
import { useFresh } from '../parts/use-fresh.tsx'
import { UserDialog } from '../parts/user-dialog.tsx'
import { peopleApi } from '../people-api.ts'
import type { SignedOn, User } from '../people-api.ts'
import { useSession } from '../session.ts'

const usersKey = ['users']

/** Who may log in at this hospital (spec 23 §7); every change is on record. */
export function UsersPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({ queryKey: usersKey, queryFn: peopleApi.users })
  const { run, dialog } = useFresh()
  const [adding, setAdding] = useState(false)
  const look = () => client.invalidateQueries({ queryKey: usersKey })
  return (
    <>
      <PageTitle title={t('people.users')} />
      <p className="lead">{t('people.usersLead')}</p>
      <div className="people-buttons">
        <button type="button" className="button button-primary" onClick={() => setAdding(true)}>
          <UserPlus aria-hidden size={18} />
          {t('people.addUser')}
        </button>
      </div>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={6} />}
      {data !== undefined && (
        <ul className="plain-list people-list card">
          {data.users.map((user) => (
            <UserRow key={user.id} user={user} run={run} look={look} />
          ))}
        </ul>
      )}
      {data !== undefined && data.signedOn.length > 0 && (
        <>
          <h2>{t('people.signedOnUsers')}</h2>
          <ul className="plain-list people-list card">
            {data.signedOn.map((user) => (
              <UserRow key={user.id} user={user} run={run} look={look} />
            ))}
          </ul>
        </>
      )}
      {adding && (
        <UserDialog
          onClose={() => setAdding(false)}
          onAdd={(user) =>
            run(async () => {
              await peopleApi.addUser(user)
              setAdding(false)
              say({ text: t('people.userAdded', { name: user.name }), tone: 'done' })
              await look()
            })
          }
        />
      )}
      {dialog}
    </>
  )
}

interface RowProps {
  user: User | SignedOn
  run: (act: () => Promise<void>) => void
  look: () => Promise<void>
}

function UserRow({ user, run, look }: RowProps) {
  const { t } = useTranslation()
  const own = useSession().user.id
  const { id, name, role, disabled } = user
  const secondFactor = 'secondFactor' in user ? user.secondFactor : undefined
  const act = (work: () => Promise<void>, text: string) => () =>
    run(async () => {
      await work()
      say({ text, tone: 'done' })
      await look()
    })
  return (
    <li className="people-row">
      <span>
        <strong>{name}</strong>{' '}
        <span className="muted">
          <span className="code">{id}</span>
          {role !== undefined && ` · ${t(`role.${role}`)}`}
        </span>{' '}
        {secondFactor === 'set' && (
          <Badge tone="good" icon={ShieldCheck}>
            {t('people.factorSet')}
          </Badge>
        )}
        {secondFactor === 'none' && (
          <Badge tone="warning" icon={ShieldAlert}>
            {t('people.factorNone')}
          </Badge>
        )}{' '}
        {disabled && (
          <Badge tone="bad" icon={UserX}>
            {t('people.disabled')}
          </Badge>
        )}
      </span>
      <span className="people-buttons">
        {secondFactor === 'set' && (
          <button
            type="button"
            className="button button-small"
            aria-label={t('people.resetOf', { name })}
            onClick={act(() => peopleApi.resetSecondFactor(id), t('people.wasReset', { name }))}
          >
            {t('people.reset')}
          </button>
        )}
        {id !== own && (
          <button
            type="button"
            className={`button button-small ${disabled ? '' : 'button-danger'}`}
            aria-label={t(disabled ? 'people.enableOf' : 'people.disableOf', { name })}
            onClick={act(
              () => peopleApi.setDisabled(id, !disabled),
              t(disabled ? 'people.wasEnabled' : 'people.wasDisabled', { name }),
            )}
          >
            {t(disabled ? 'people.enable' : 'people.disable')}
          </button>
        )}
      </span>
    </li>
  )
}
