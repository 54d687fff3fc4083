import {
  LanguageSwitch,
  LiveContext,
  LogOutButton,
  runToastAction,
  say,
  ShellFrame,
  setLocked,
  ThemeSwitch,
  useIsLocked,
  useLiveEvents,
  useProblemText,
  useShortcuts,
} from '@twiin/ui-kit'
import { Keyboard, Lock } from 'lucide-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { staleBy } from '../live.ts'
import { peopleApi } from '../people-api.ts'
import { useMembers, useStatus } from '../queries.ts'
import { pagesOf, useSession } from '../session.ts'
import { peerCameBack } from './awaited-peers.ts'
import { MainMenu } from './main-menu.tsx'
import { ShortcutsDialog } from './shortcuts-dialog.tsx'
import { StatusStrip } from './status-strip.tsx'

/** What stands around every page: hospital, menu, state of the node, and the two honest lines. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  const { user, hospital } = useSession()
  const navigate = useNavigate()
  const isLocked = useIsLocked()
  const { data: members } = useMembers()
  const isLive = useLiveEvents('/api/v1/events', staleBy, !isLocked, ({ kind, id }) => {
    if (kind !== 'peer' || !peerCameBack(id)) return
    const name = members?.find(({ ura }) => ura === id)?.name ?? id
    say({ text: t('peers.back', { name }), tone: 'done', forMs: 60_000 })
  })
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
    if (pressed === 'u' || pressed === 'U') return runToastAction('u')
    if (pressed === '/') return focusSearchField() || (user.role === 'radiologist' && go('/zoeken'))
    if (pressed === 'ArrowDown' || pressed === 'j') return focusFirstRow()
    const page = mayVisit.find(({ key }) => pressed === `g ${key}`)
    return page !== undefined && go(page.path)
  })
  return (
    <LiveContext value={isLive}>
      <ShellFrame
        bar={status.data?.demo === true ? t('app.demo') : undefined}
        name={hospital.name}
        status={<StatusStrip isLive={isLive} />}
        tools={
          <>
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
            <Link className="top-user" to="/account" title={t('people.account')}>
              {user.name}
              <span className="muted"> · {t(`role.${user.role}`)}</span>
            </Link>
            <LockButton />
            <LogOutButton />
          </>
        }
        menu={<MainMenu pages={mayVisit} />}
        foot={
          <>
            <span>{t('app.notDiagnostic')}</span>
            {status.data !== undefined && (
              <span>Twiin {t('app.version', { version: status.data.version })}</span>
            )}
          </>
        }
      >
        {children}
      </ShellFrame>
      {help && <ShortcutsDialog pages={mayVisit} onClose={() => setHelp(false)} />}
    </LiveContext>
  )
}

/** Away from the desk: what is on the page stays. */
function LockButton() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const problemText = useProblemText()
  const lock = () =>
    peopleApi.lock().then(
      () => setLocked(client, true),
      (error: unknown) => say({ text: problemText(error), tone: 'problem' }),
    )
  return (
    <button
      type="button"
      className="button-icon"
      aria-label={t('people.lock')}
      title={t('people.lock')}
      onClick={() => void lock()}
    >
      <Lock aria-hidden size={18} />
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
