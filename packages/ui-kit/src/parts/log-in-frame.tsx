import { useEffect } from 'react'
import type { ReactNode } from 'react'
import { Logo } from './logo.tsx'
import { LanguageSwitch, ThemeSwitch } from './look-switches.tsx'

interface Props {
  title: string
  lead: string
  /** Below the card. */
  foot: ReactNode
  /** The form. */
  children: ReactNode
}

/** One card in the middle, language and colours in the corner. */
export function LogInFrame({ title, lead, foot, children }: Props) {
  useEffect(() => {
    document.title = `${title} – Twiin`
  }, [title])
  return (
    <div className="log-in">
      <div className="log-in-corner">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
      <main className="log-in-card">
        <Logo size={40} />
        <h1>{title}</h1>
        <p className="muted">{lead}</p>
        {children}
      </main>
      <footer className="muted small">{foot}</footer>
    </div>
  )
}
