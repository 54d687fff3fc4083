import {
  LanguageSwitch,
  LiveContext,
  LogOutButton,
  Menu,
  MenuItem,
  ShellFrame,
  ThemeSwitch,
  useLiveEvents,
} from '@twiin/ui-kit'
import { BadgeCheck, ChartColumn, Gauge, Inbox, LibraryBig, Network, ScrollText } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useWaiting } from '../dashboard/use-waiting.ts'
import { staleBy } from '../live.ts'
import { useSession } from '../session.ts'

const pages = [
  { path: '/beheer', name: 'dashboard', icon: Gauge },
  { path: '/beheer/aanvragen', name: 'applications', icon: Inbox },
  { path: '/beheer/organisaties', name: 'organisations', icon: LibraryBig },
  { path: '/beheer/certificaten', name: 'certificates', icon: BadgeCheck },
  { path: '/beheer/netwerk', name: 'network', icon: Network },
  { path: '/beheer/logboek', name: 'log', icon: ScrollText },
  { path: '/beheer/statistiek', name: 'statistics', icon: ChartColumn },
] as const

/** What stands around every page of an administrator or auditor. */
export function Shell({ children }: { children: ReactNode }) {
  const isLive = useLiveEvents('/api/v1/events', staleBy)
  return (
    <LiveContext value={isLive}>
      <Frame>{children}</Frame>
    </LiveContext>
  )
}

function Frame({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  const { user } = useSession()
  const waiting = useWaiting()
  const countAt = {
    dashboard: waiting.length,
    applications: waiting.filter((one) => one.isApplication).length,
  }
  return (
    <ShellFrame
      name={t('app.name')}
      tools={
        <>
          <LanguageSwitch />
          <ThemeSwitch />
          <span className="top-user">
            {user.name}
            <span className="muted"> · {t(`role.${user.role}`)}</span>
          </span>
          <LogOutButton />
        </>
      }
      menu={
        <Menu>
          {pages.map(({ path, name, icon }) => (
            <MenuItem
              key={path}
              to={path}
              end={name === 'dashboard'}
              icon={icon}
              text={t(`nav.${name}`)}
              waiting={
                name === 'dashboard' || name === 'applications'
                  ? { count: countAt[name], word: t('nav.waiting') }
                  : undefined
              }
            />
          ))}
        </Menu>
      }
      foot={
        <>
          <span>{user.role === 'auditor' && t('confirmation.auditor')}</span>
          <Link to="/">{t('login.toPublic')}</Link>
        </>
      }
    >
      {children}
    </ShellFrame>
  )
}
