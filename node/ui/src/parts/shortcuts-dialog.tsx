import { Dialog, preference, shortcutsEnabled } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Page } from '../session.ts'

export function ShortcutsDialog({ pages, onClose }: { pages: readonly Page[]; onClose: () => void }) {
  const { t } = useTranslation()
  const [enabled, setEnabled] = useState(shortcutsEnabled)
  const rows: [readonly string[], string][] = [
    [['/'], t('shortcuts.search')],
    [['↑', '↓', 'j', 'k'], t('shortcuts.rows')],
    [['Enter'], t('shortcuts.details')],
    [['O'], t('shortcuts.open')],
    [['R'], t('shortcuts.retrieve')],
    [['S'], t('shortcuts.send')],
    [['D'], t('shortcuts.share')],
    [['Space'], t('shortcuts.preview')],
    [['T'], t('shortcuts.lanes')],
    [['U'], t('shortcuts.undo')],
    ...pages.map(({ key, name }): [string[], string] => [['g', key], t(`nav.${name}`)]),
    [['?'], t('shortcuts.help')],
  ]
  return (
    <Dialog title={t('shortcuts.title')} onClose={onClose}>
      <dl className="shortcuts">
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={enabled}
          onChange={({ target }) => {
            preference.set('shortcuts', target.checked ? 'on' : 'off')
            setEnabled(target.checked)
          }}
        />
        {t('shortcuts.enabled')}
      </label>
    </Dialog>
  )
}
