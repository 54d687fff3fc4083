import { useQuery } from '@tanstack/react-query'
import { Field, formatInstant, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { peopleApi } from '../people-api.ts'
import type { OwnAccount } from '../people-api.ts'

interface Props {
  passkeys: OwnAccount['passkeys']
  run: (act: () => Promise<void>) => void
  look: () => Promise<void>
}

/** Keys of a fingerprint, a face or a PIN: made here, named, removed (spec 23 §4). */
export function OwnPasskeys({ passkeys, run, look }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const options = useQuery({
    queryKey: ['session', 'options'],
    queryFn: peopleApi.options,
    staleTime: Infinity,
  })
  const canAdd = options.data?.passkeys === location.origin
  return (
    <section className="card" aria-labelledby="passkeys">
      <h2 id="passkeys">{t('people.passkeys')}</h2>
      <p className="muted">{t(canAdd ? 'people.passkeysText' : 'people.passkeysElsewhere')}</p>
      {passkeys.length > 0 && (
        <ul className="plain-list people-list">
          {passkeys.map((key) => (
            <PasskeyRow key={key.id} passkey={key} run={run} look={look} />
          ))}
        </ul>
      )}
      {canAdd && (
        <form
          className="people-form"
          method="post"
          onSubmit={(event) => {
            event.preventDefault()
            run(async () => {
              await peopleApi.addPasskey(name.trim())
              setName('')
              say({ text: t('people.passkeyAdded'), tone: 'done' })
              await look()
            })
          }}
        >
          <Field label={t('people.passkeyName')} hint={t('people.passkeyNameHint')}>
            {(control) => (
              <input
                {...control}
                required
                maxLength={64}
                autoComplete="off"
                value={name}
                onChange={({ target }) => setName(target.value)}
              />
            )}
          </Field>
          <button type="submit" className="button">
            {t('people.addPasskey')}
          </button>
        </form>
      )}
    </section>
  )
}

function PasskeyRow({
  passkey,
  run,
  look,
}: Omit<Props, 'passkeys'> & { passkey: Props['passkeys'][number] }) {
  const { t, i18n } = useTranslation()
  const [name, setName] = useState<string>()
  const { id, addedAt, usedAt } = passkey
  const at = (instant: string) => formatInstant(instant, i18n.language)
  return (
    <li className="people-row">
      {name === undefined ? (
        <span>
          <strong>{passkey.name}</strong>
          <span className="muted small">
            {' '}
            {t('people.addedAt', { at: at(addedAt) })}
            {usedAt === undefined ? '' : ` · ${t('people.usedAt', { at: at(usedAt) })}`}
          </span>
        </span>
      ) : (
        <input
          aria-label={t('people.passkeyName')}
          maxLength={64}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
      )}
      <span className="people-buttons">
        {name === undefined ? (
          <button type="button" className="button button-small" onClick={() => setName(passkey.name)}>
            {t('people.rename')}
          </button>
        ) : (
          <button
            type="button"
            className="button button-small"
            disabled={name.trim() === ''}
            onClick={() =>
              run(async () => {
                await peopleApi.renamePasskey(id, name.trim())
                setName(undefined)
                await look()
              })
            }
          >
            {t('people.keepName')}
          </button>
        )}
        <button
          type="button"
          className="button button-small button-danger"
          onClick={() =>
            run(async () => {
              await peopleApi.removePasskey(id)
              await look()
            })
          }
        >
          {t('people.remove')}
        </button>
      </span>
    </li>
  )
}
