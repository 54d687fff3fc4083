import { Printer } from 'lucide-react'
import { useTranslation } from 'react-i18next'

/** Shown once: to write down or print. */
export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { t } = useTranslation()
  return (
    <section className="recovery-codes" aria-label={t('people.recoveryTitle')}>
      <h2>{t('people.recoveryTitle')}</h2>
      <p>{t('people.recoveryText')}</p>
      <ol className="plain-list code">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ol>
      <div className="people-buttons">
        <button type="button" className="button" onClick={() => print()}>
          <Printer aria-hidden size={18} />
          {t('people.print')}
        </button>
        <button type="button" className="button button-primary" onClick={onDone}>
          {t('people.kept')}
        </button>
      </div>
    </section>
  )
}
