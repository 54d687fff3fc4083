import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { NavLink } from 'react-router'

/** The main menu: a column, a row when narrow, a grid on a phone. */
export function Menu({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  return (
    <nav className="menu" aria-label={t('nav.label')}>
      {children}
    </nav>
  )
}

interface ItemProps {
  to: string
  /** Current on this very address only, not on those below it. */
  end?: boolean
  icon: LucideIcon
  text: string
  /** What waits there, and the word that says so to who cannot see the number's place. */
  waiting?: { count: number; word: string } | undefined
}

export function MenuItem({ to, end = false, icon: Icon, text, waiting }: ItemProps) {
  return (
    <NavLink to={to} end={end} className="menu-item">
      <Icon aria-hidden size={20} strokeWidth={1.5} />
      <span>{text}</span>
      {waiting !== undefined && waiting.count > 0 && (
        <span className="menu-count">
          {waiting.count}
          <span className="hidden-text"> {waiting.word}</span>
        </span>
      )}
    </NavLink>
  )
}
