import { LanguageSwitch, Logo, ThemeSwitch, Toasts } from '@twiin/ui-kit'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, NavLink } from 'react-router'

const links = [
  { to: '/', text: 'nav.coverage' },
  { to: '/aansluiten', text: 'nav.apply' },
  { to: '/aanvraag', text: 'nav.myApplication' },
  { to: '/logboek', text: 'nav.log' },
] as const

/** Around what everybody may see: name, where to go, the page, and the way in for who works here. */
export function PublicFrame({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  return (
    <>
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <div className="public">
        <header className="public-head">
          <div className="public-wide public-top">
            <Link to="/" className="public-name">
              <Logo size={32} />
              <span>Twiin</span>
            </Link>
            <nav className="public-menu" aria-label={t('nav.label')}>
              {links.map(({ to, text }) => (
                <NavLink key={to} to={to} end className="public-link">
                  {t(text)}
                </NavLink>
              ))}
            </nav>
            <div className="public-tools">
              <LanguageSwitch />
              <ThemeSwitch />
              <Link to="/beheer" className="button button-small">
                {t('nav.logIn')}
              </Link>
            </div>
          </div>
        </header>
        <main id="content" className="public-wide public-content" tabIndex={-1}>
          {children}
        </main>
        <footer className="public-foot">
          <div className="public-wide">
            <Link to="/over">{t('about.link')}</Link>
          </div>
        </footer>
      </div>
      <Toasts />
    </>
  )
}
