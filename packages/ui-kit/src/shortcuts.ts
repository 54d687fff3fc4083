import { useEffect, useEffectEvent } from 'react'
import { preference } from './preferences.ts'

/** WCAG 2.1.4: single-letter shortcuts can be turned off. */
export const shortcutsEnabled = () => preference.get('shortcuts') !== 'off'

export const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))

const dialogOpen = () => document.querySelector('[role="dialog"],[role="alertdialog"]') !== null

/** Calls back for keys pressed anywhere outside fields and dialogs; `g` waits for a second one (`g s`). */
export function useShortcuts(onKey: (keys: string) => boolean): void {
  const handle = useEffectEvent(onKey)
  useEffect(() => {
    let prefix = ''
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return
      if (isTyping(event.target) || dialogOpen() || !shortcutsEnabled()) return
      const keys = prefix + event.key
      prefix = event.key === 'g' && prefix === '' ? 'g ' : ''
      if (prefix === '' && handle(keys)) event.preventDefault()
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])
}
