import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { dismiss, useToasts } from '../toasts.ts'

export function Toasts() {
  const { t } = useTranslation()
  const toasts = useToasts()
  return (
    <div className="toasts" role="status">
      {toasts.map(({ id, text, tone, link, action }) => (
        <div key={id} className={`toast toast-${tone}`}>
          {tone === 'done' ? <CircleCheck aria-hidden size={18} /> : <CircleAlert aria-hidden size={18} />}
          <span>{text}</span>
          {action !== undefined && (
            <button
              type="button"
              className="button button-small"
              onClick={() => {
                dismiss(id)
                action.run()
              }}
            >
              {action.text}
              {action.key !== undefined && <kbd>{action.key}</kbd>}
            </button>
          )}
          {link !== undefined && (
            <Link to={link.to} onClick={() => dismiss(id)}>
              {link.text}
            </Link>
          )}
          <button
            type="button"
            className="button-icon"
            aria-label={t('app.close')}
            onClick={() => dismiss(id)}
          >
            <X aria-hidden size={16} />
          </button>
        </div>
      ))}
    </div>
  )
}
