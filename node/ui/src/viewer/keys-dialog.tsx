import { Dialog } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'

/** The sheet on `?`. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const rows: [readonly string[], string][] = [
    [['↑', '↓'], t('viewer.command.scroll')],
    [['PgUp', 'PgDn'], t('viewer.command.scrollTen')],
    [['Home', 'End'], t('viewer.command.ends')],
    [['1', '…', '9'], t('viewer.command.presets')],
    [['W'], t('viewer.tool.window')],
    [['G'], t('viewer.tool.pan')],
    [['Z'], t('viewer.tool.zoom')],
    [['+', '-'], t('viewer.command.zoom')],
    [['L'], t('viewer.tool.length')],
    [['A'], t('viewer.tool.angle')],
    [['E'], t('viewer.tool.ellipse')],
    [['M'], t('viewer.tool.probe')],
    [['Del'], t('viewer.command.clear')],
    [['I'], t('viewer.command.invert')],
    [['H'], t('viewer.command.flipHorizontal')],
    [['V'], t('viewer.command.flipVertical')],
    [['R'], t('viewer.command.rotate')],
    [['F'], t('viewer.command.fit')],
    [['0'], t('viewer.command.reset')],
    [['C'], t('viewer.command.cine')],
    [['N', 'P'], t('viewer.command.series')],
    [['Shift', 'P'], t('viewer.command.prior')],
    [['K'], t('viewer.command.link')],
    [[',', '.'], t('viewer.command.layouts')],
    [['B'], t('viewer.command.keyImage')],
    [['T'], t('viewer.command.reports')],
    [['O'], t('viewer.command.overlay')],
    [['X'], t('viewer.command.mask')],
    [['Esc'], t('viewer.close')],
  ]
  return (
    <Dialog title={t('viewer.command.help')} onClose={onClose}>
      <dl className="shortcuts viewer-keys">
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
      <p className="small">{t('viewer.command.wheel')}</p>
      <p className="small">{t('viewer.command.buttons')}</p>
    </Dialog>
  )
}
