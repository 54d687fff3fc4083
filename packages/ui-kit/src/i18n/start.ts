import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { preference } from '../preferences.ts'
import type { KitWording } from './wording.ts'

export type Language = 'nl' | 'en'

/** Dutch unless this person chose otherwise. Each app brings its own wording, typed by its Dutch one. */
export async function startTranslation(texts: Readonly<Record<Language, KitWording>>): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language
  })
  await i18next.use(initReactI18next).init({
    lng: preference.get('language') === 'en' ? 'en' : 'nl',
    fallbackLng: 'nl',
    resources: { nl: { translation: texts.nl }, en: { translation: texts.en } },
    interpolation: { escapeValue: false },
  })
}

export async function chooseLanguage(language: Language): Promise<void> {
  preference.set('language', language)
  await i18next.changeLanguage(language)
}
