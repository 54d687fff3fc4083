import { useQueryClient } from '@tanstack/react-query'
import { Keyboard, LogOut } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { api } from '../api.ts'
import { LiveContext, useLiveEvents } from '../live.ts'
import { useStatus } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { pagesOf, useSession } from '../session.ts'
import { useShortcuts } from '../shortcuts.ts'
import { say } from '../toasts.ts'
import { Logo } from './logo.tsx'
import { LanguageSwitch, ThemeSwitch } from './look-switches.tsx'
import { MainMenu } from './main-menu.tsx'
import { useProblemText } from './problem-text.ts'
import { ShortcutsDialog } from './shortcuts-dialog.tsx'
import { StatusStrip } from './status-strip.tsx'
import { Toasts } from './toasts.tsx'

/** What stands around every page: hospital, menu, state of the node, and the two honest lines. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  const { user, hospital } = useSession()
  const navigate = useNavigate()
  const isLive = useLiveEvents()
  const status = useStatus()
  const [help, setHelp] = useState(false)
  const mayVisit = pagesOf(user.role)
  const go = (path: string) => {
    void navigate(path)
    return true
  }
  useShortcuts((pressed) => {
    if (pressed === '?') {
      setHelp(true)
      return true
    }
    if (pressed === '/') return focusSearchField() || (user.role === 'radiologist' && go('/zoeken'))
    if (pressed === 'ArrowDown' || pressed === 'j') return focusFirstRow()
    const page = mayVisit.find(({ key }) => pressed === `g ${key}`)
    return page !== undefined && go(page.path)
  })
  return (
    <LiveContext value={isLive}>
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <div className="shell">
        <header className="head">
          {status.data?.demo === true && <div className="demo-bar">{t('app.demo')}</div>}
          <div className="top">
            <Logo size={28} />
            <span className="top-hospital">{hospital.name}</span>
            <StatusStrip isLive={isLive} />
            <div className="top-tools">
              <LanguageSwitch />
              <ThemeSwitch />
              <button
                type="button"
                className="button-icon"
                aria-label={t('menu.shortcuts')}
                title={`${t('menu.shortcuts')} (?)`}
                onClick={() => setHelp(true)}
              >
                <Keyboard aria-hidden size={18} />
              </button>
              <span className="top-user">
                {user.name}
                <span className="muted"> · {t(`role.${user.role}`)}</span>
              </span>
              <LogOutButton />
            </div>
          </div>
        </header>
        <MainMenu pages={mayVisit} />
        <main id="content" className="content" tabIndex={-1}>
          {children}
        </main>
        <footer className="foot muted small">
          <span>{t('app.notDiagnostic')}</span>
          {status.data !== undefined && (
            <span>Twiin {t('app.version', { version: status.data.version })}</span>
          )}
        </footer>
      </div>
      <Toasts />
      {help && <ShortcutsDialog pages={mayVisit} onClose={() => setHelp(false)} />}
    </LiveContext>
  )
}

function LogOutButton() {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const client = useQueryClient()
  const logOut = async () => {
    await client.cancelQueries()
    await api.logOut()
    client.setQueryData(keys.session, 'none')
  }
  return (
    <button
      type="button"
      className="button-icon"
      aria-label={t('menu.logOut')}
      title={t('menu.logOut')}
      onClick={() => void logOut().catch((error) => say({ text: problemText(error), tone: 'problem' }))}
    >
      <LogOut aria-hidden size={18} />
    </button>
  )
}

/** From nowhere in particular into the table; inside it the arrows are the table's. */
function focusFirstRow(): boolean {
  const row = document.querySelector<HTMLElement>('[data-row]')
  if (row === null || document.activeElement?.matches('body, main') !== true) return false
  row.focus()
  return true
}

function focusSearchField(): boolean {
  const field = document.querySelector<HTMLInputElement>('[data-search]')
  field?.focus()
  field?.select()
  return field !== null
}
