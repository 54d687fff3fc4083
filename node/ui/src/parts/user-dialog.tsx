import { Dialog, Field } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import type { Role } from '../api-types.ts'
import { textOf } from './proof-form.ts'

const roles: readonly Role[] = ['radiologist', 'operator', 'auditor']

interface Props {
  onClose: () => void
  onAdd: (user: { id: string; name: string; role: Role; password: string }) => void
}

/** Somebody new, with a first password that they change themselves. */
export function UserDialog({ onClose, onAdd }: Props) {
  const { t } = useTranslation()
  return (
    <Dialog title={t('people.addUser')} onClose={onClose} isQuestion>
      <form
        className="people-form"
        method="post"
        onSubmit={(event) => {
          event.preventDefault()
          const form = new FormData(event.currentTarget)
          const role = roles.find((each) => each === textOf(form, 'role')) ?? 'auditor'
          const [id, name] = [textOf(form, 'id').trim(), textOf(form, 'name').trim()]
          onAdd({ id, name, role, password: textOf(form, 'password') })
        }}
      >
        <Field label={t('login.username')} hint={t('people.idHint')}>
          {(control) => (
            <input
              {...control}
              name="id"
              required
              maxLength={64}
              pattern="[A-Za-z0-9][A-Za-z0-9._@\-]*"
              autoComplete="off"
              spellCheck={false}
            />
          )}
        </Field>
        <Field label={t('people.name')}>
          {(control) => <input {...control} name="name" required maxLength={128} autoComplete="off" />}
        </Field>
        <Field label={t('people.role')}>
          {(control) => (
            <select {...control} name="role">
              {roles.map((role) => (
                <option key={role} value={role}>
                  {t(`role.${role}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t('people.firstPassword')} hint={t('people.newPasswordHint')}>
          {(control) => (
            <input
              {...control}
              name="password"
              type="password"
              autoComplete="new-password"
              required
              minLength={8}
              maxLength={256}
            />
          )}
        </Field>
        <div className="people-buttons">
          <button type="submit" className="button button-primary">
            {t('people.addUser')}
          </button>
          <button type="button" className="button" onClick={onClose}>
            {t('app.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
