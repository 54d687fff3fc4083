import { Moon, Sun } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chooseLanguage } from '../i18n/start.ts'
import { chooseTheme, currentTheme } from '../preferences.ts'

export function LanguageSwitch() {
  const { t, i18n } = useTranslation()
  const other = i18n.language === 'nl' ? 'en' : 'nl'
  return (
    <button
      type="button"
      className="button-icon button-text"
      lang={other}
      aria-label={t('menu.language')}
      title={t('menu.language')}
      onClick={() => void chooseLanguage(other)}
    >
      {t('menu.languageShort')}
    </button>
  )
}

export function ThemeSwitch() {
  const { t } = useTranslation()
  const [theme, setTheme] = useState(currentTheme)
  const other = theme === 'dark' ? 'light' : 'dark'
  const label = t(other === 'dark' ? 'menu.toDark' : 'menu.toLight')
  return (
    <button
      type="button"
      className="button-icon"
      aria-label={label}
      title={label}
      onClick={() => {
        chooseTheme(other)
        setTheme(other)
      }}
    >
      {other === 'dark' ? <Moon aria-hidden size={18} /> : <Sun aria-hidden size={18} />}
    </button>
  )
}
