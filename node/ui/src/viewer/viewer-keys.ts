import { shortcutsEnabled } from '@twiin/ui-kit'
import { useEffect, useEffectEvent } from 'react'
import type { ToolName } from './surface.ts'

/** Everything that a key, or a button of the toolbar, does. */
export type Command =
  | { do: 'scroll'; frames: number }
  | { do: 'end'; of: 'first' | 'last' }
  | { do: 'preset'; digit: number }
  | { do: 'tool'; tool: ToolName }
  | { do: 'flip'; along: 'horizontal' | 'vertical' }
  | { do: 'series'; step: 1 | -1 }
  | { do: 'layout'; step: 1 | -1 }
  | { do: 'zoom'; factor: number }
  | Each<Plain>

type Each<T> = T extends string ? { do: T } : never
type Plain =
  | 'invert'
  | 'rotate'
  | 'reset'
  | 'fit'
  | 'cine'
  | 'link'
  | 'overlay'
  | 'mask'
  | 'prior'
  | 'keyImage'
  | 'reports'
  | 'clear'
  | 'help'
  | 'close'

const scroll = (frames: number): Command => ({ do: 'scroll', frames })
const take = (tool: ToolName): Command => ({ do: 'tool', tool })

/** Key as the browser names it (letters small) → what it does. The sheet on `?` is made of this. */
const commandOfKey: Readonly<Record<string, Command>> = {
  ArrowUp: scroll(-1),
  ArrowDown: scroll(1),
  PageUp: scroll(-10),
  PageDown: scroll(10),
  Home: { do: 'end', of: 'first' },
  End: { do: 'end', of: 'last' },
  w: take('window'),
  g: take('pan'),
  z: take('zoom'),
  l: take('length'),
  a: take('angle'),
  e: take('ellipse'),
  m: take('probe'),
  i: { do: 'invert' },
  h: { do: 'flip', along: 'horizontal' },
  v: { do: 'flip', along: 'vertical' },
  r: { do: 'rotate' },
  '0': { do: 'reset' },
  f: { do: 'fit' },
  '+': { do: 'zoom', factor: 1.25 },
  '-': { do: 'zoom', factor: 0.8 },
  c: { do: 'cine' },
  k: { do: 'link' },
  ',': { do: 'layout', step: -1 },
  '.': { do: 'layout', step: 1 },
  n: { do: 'series', step: 1 },
  p: { do: 'series', step: -1 },
  P: { do: 'prior' },
  b: { do: 'keyImage' },
  t: { do: 'reports' },
  o: { do: 'overlay' },
  x: { do: 'mask' },
  Delete: { do: 'clear' },
  '?': { do: 'help' },
  Escape: { do: 'close' },
  ...Object.fromEntries(
    Array.from({ length: 9 }, (_, at): [string, Command] => [`${at + 1}`, { do: 'preset', digit: at + 1 }]),
  ),
}

/** What a key press means; undefined when it is not for the viewer. */
export function commandOf(event: {
  key: string
  shiftKey: boolean
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
}): Command | undefined {
  if (event.ctrlKey || event.altKey || event.metaKey) return undefined
  const { key, shiftKey } = event
  if (key.length === 1 && shiftKey && /[a-z]/i.test(key)) return commandOfKey[key.toUpperCase()]
  return commandOfKey[key.length === 1 ? key.toLowerCase() : key]
}

/** Listens for the whole page, before anybody else does, except in fields, lists of choices and dialogs. */
export function useViewerKeys(onCommand: (command: Command) => void): void {
  const handle = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target instanceof Element ? event.target : undefined
    if (document.querySelector('[role="dialog"],[role="alertdialog"],.lock-layer') !== null) return
    if (target?.matches('input, select, textarea') === true) return
    // In lists and menus beside the picture these go where they go elsewhere.
    const isOnPicture = target?.closest('[data-pane]') !== null || target === document.body
    const isMove = /^(Arrow|Page|Home|End)/.test(event.key)
    if (isMove && !isOnPicture) return
    if (event.key.length === 1 && !shortcutsEnabled()) return
    const command = commandOf(event)
    if (command === undefined) return
    event.preventDefault()
    onCommand(command)
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => handle(event)
    document.addEventListener('keydown', listen, { capture: true })
    return () => document.removeEventListener('keydown', listen, { capture: true })
  }, [])
}
