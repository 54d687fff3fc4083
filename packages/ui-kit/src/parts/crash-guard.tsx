import { Component } from 'react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

/** A fault of this page ends in words, not in a white screen. */
export class CrashGuard extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false }

  static getDerivedStateFromError() {
    return { crashed: true }
  }

  override render() {
    return this.state.crashed ? <Crashed /> : this.props.children
  }
}

function Crashed() {
  const { t } = useTranslation()
  return (
    <main className="alone" role="alert">
      <p>{t('problem.crash')}</p>
      <button type="button" className="button button-primary" onClick={() => location.reload()}>
        {t('problem.reload')}
      </button>
    </main>
  )
}
