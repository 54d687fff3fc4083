import { Dialog, formatMoment } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyButton } from '../parts/copy-button.tsx'

interface Props {
  name: string
  token: string
  expiresAt: string | undefined
  onClose: () => void
}

/** The one moment in which anybody sees the token. It closes only when it was taken over. */
export function TokenDialog({ name, token, expiresAt, onClose }: Props) {
  const { t, i18n } = useTranslation()
  const [isKept, setIsKept] = useState(false)
  const [isEarly, setIsEarly] = useState(false)
  const leave = () => (isKept ? onClose() : setIsEarly(true))
  return (
    <Dialog title={t('application.tokenTitle', { name })} isQuestion onClose={leave}>
      <div className="stack">
        <p>
          {t('application.tokenText', {
            until: expiresAt === undefined ? '' : formatMoment(expiresAt, i18n.language),
          })}
        </p>
        <div className="token">
          <code className="token-text" aria-label={t('application.token')}>
            {token}
          </code>
          <CopyButton text={token} />
        </div>
        <label className="check">
          <input type="checkbox" checked={isKept} onChange={({ target }) => setIsKept(target.checked)} />
          {t('application.tokenKept')}
        </label>
        <p className="form-error" role="alert">
          {isEarly && !isKept && t('application.tokenFirst')}
        </p>
        <div className="dialog-foot">
          <button type="button" className="button button-primary" onClick={leave}>
            {t('app.close')}
          </button>
        </div>
      </div>
    </Dialog>
  )
}
