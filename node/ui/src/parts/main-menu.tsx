import { ArrowLeftRight, Handshake, LibraryBig, ScrollText, Search, TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { NavLink } from 'react-router'
import { useExceptions } from '../queries.ts'
import type { Page } from '../session.ts'

const icons = {
  search: Search,
  studies: LibraryBig,
  transfers: ArrowLeftRight,
  exceptions: TriangleAlert,
  consent: Handshake,
  audit: ScrollText,
} as const

export function MainMenu({ pages }: { pages: readonly Page[] }) {
  const { t } = useTranslation()
  const { data } = useExceptions(pages.some(({ name }) => name === 'exceptions'))
  const open = data?.filter(({ state }) => state === 'open').length ?? 0
  return (
    <nav className="menu" aria-label={t('nav.label')}>
      {pages.map(({ path, name }) => {
        const Icon = icons[name]
        return (
          <NavLink key={path} to={path} className="menu-item">
            <Icon aria-hidden size={20} strokeWidth={1.5} />
            <span>{t(`nav.${name}`)}</span>
            {name === 'exceptions' && open > 0 && (
              <span className="menu-count">
                {open}
                <span className="hidden-text"> {t('exceptions.open')}</span>
              </span>
            )}
          </NavLink>
        )
      })}
    </nav>
  )
}
