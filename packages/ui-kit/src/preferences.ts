/** What this person likes, kept in this browser. Never anything about a patient. */
type Name = 'language' | 'theme' | 'shortcuts' | 'density' | 'lanes'

export const preference = {
  get(name: Name): string | null {
    try {
      return localStorage.getItem(`twiin.${name}`)
    } catch {
      return null
    }
  },
  set(name: Name, value: string): void {
    try {
      localStorage.setItem(`twiin.${name}`, value)
    } catch {
      // A browser that keeps nothing is fine: the choice then lasts as long as the page.
    }
  },
}

export type Theme = 'light' | 'dark'

const systemTheme = (): Theme => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')

export function currentTheme(): Theme {
  const chosen = preference.get('theme')
  return chosen === 'light' || chosen === 'dark' ? chosen : systemTheme()
}

/** Without a choice the style sheet follows the system by itself. */
export function applyTheme(): void {
  const chosen = preference.get('theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
}

export function chooseTheme(theme: Theme): void {
  preference.set('theme', theme)
  applyTheme()
}
