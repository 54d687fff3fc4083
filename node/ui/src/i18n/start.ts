import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { preference } from '../preferences.ts'
import { en } from './en.ts'
import { nl } from './nl.ts'
import type { Wording } from './wording.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: Wording }
  }
}

export type Language = 'nl' | 'en'

/** Dutch unless this person chose otherwise. */
export async function startTranslation(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language
  })
  await i18next.use(initReactI18next).init({
    lng: preference.get('language') === 'en' ? 'en' : 'nl',
    fallbackLng: 'nl',
    resources: { nl: { translation: nl }, en: { translation: en } },
    interpolation: { escapeValue: false },
  })
}

export async function chooseLanguage(language: Language): Promise<void> {
  preference.set('language', language)
  await i18next.changeLanguage(language)
}
