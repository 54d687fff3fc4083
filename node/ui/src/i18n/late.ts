import i18next from 'i18next'

/** Texts of a part that comes later: it brings its own, and they are there before it is drawn. */
export function addTexts(texts: Readonly<Record<'nl' | 'en', object>>): void {
  for (const [language, words] of Object.entries(texts))
    i18next.addResourceBundle(language, 'translation', words, true, true)
}
