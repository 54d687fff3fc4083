import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Logo } from './logo.tsx'
import { Toasts } from './toasts.tsx'

interface Props {
  /** One line over the whole width that nobody may overlook. */
  bar?: string | undefined
  /** Whose page this is. */
  name: string
  /** Beside the name: how things are. */
  status?: ReactNode
  /** Buttons at the end of the top line. */
  tools: ReactNode
  menu: ReactNode
  foot: ReactNode
  children: ReactNode
}

/** What stands around every page: name, tools, menu, the page itself, foot, and toasts. */
export function ShellFrame({ bar, name, status, tools, menu, foot, children }: Props) {
  const { t } = useTranslation()
  return (
    <>
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <div className="shell">
        <header className="head">
          {bar !== undefined && <div className="demo-bar">{bar}</div>}
          <div className="top">
            <Logo size={28} />
            <span className="top-name">{name}</span>
            {status}
            <div className="top-tools">{tools}</div>
          </div>
        </header>
        {menu}
        <main id="content" className="content" tabIndex={-1}>
          {children}
        </main>
        <footer className="foot muted small">{foot}</footer>
      </div>
      <Toasts />
    </>
  )
}
