import {
  Circle,
  Contrast,
  Crosshair,
  Eye,
  EyeOff,
  FileText,
  FlipHorizontal2,
  FlipVertical2,
  Keyboard,
  Link2,
  Link2Off,
  Maximize,
  Move,
  Pause,
  Play,
  RotateCcw,
  RotateCw,
  Ruler,
  Sun,
  TriangleRight,
  ZoomIn,
} from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { layouts } from './panes.ts'
import type { Layout } from './panes.ts'
import { toolNames } from './surface.ts'
import type { ToolName } from './surface.ts'
import type { Command } from './viewer-keys.ts'
import { ctPresets } from './window-presets.ts'

const toolLooks: Readonly<Record<ToolName, { icon: LucideIcon; key: string; measures?: true }>> = {
  window: { icon: Sun, key: 'W' },
  pan: { icon: Move, key: 'G' },
  zoom: { icon: ZoomIn, key: 'Z' },
  length: { icon: Ruler, key: 'L', measures: true },
  angle: { icon: TriangleRight, key: 'A', measures: true },
  ellipse: { icon: Circle, key: 'E', measures: true },
  probe: { icon: Crosshair, key: 'M', measures: true },
}

interface Props {
  tool: ToolName
  layout: Layout
  isCine: boolean
  isLinked: boolean
  isOverlaid: boolean
  isMasked: boolean
  hasReports: boolean
  /** Of what is shown: which presets there are. */
  modality: string | undefined
  isColour: boolean
  canMeasure: boolean
  onCommand: (command: Command) => void
  onLayout: (layout: Layout) => void
}

/** Everything that the keys do, for the mouse. */
export function ViewerToolbar(props: Props) {
  const { t } = useTranslation()
  const { onCommand } = props
  const run = (command: Command) => () => onCommand(command)
  return (
    <div className="viewer-tools" role="toolbar" aria-label={t('viewer.tools')}>
      <div className="viewer-group">
        {toolNames
          .filter((name) => props.canMeasure || toolLooks[name].measures !== true)
          .map((name) => (
            <ToolButton
              key={name}
              icon={toolLooks[name].icon}
              label={t(`viewer.tool.${name}`)}
              keys={toolLooks[name].key}
              isOn={props.tool === name}
              onPress={run({ do: 'tool', tool: name })}
            />
          ))}
      </div>
      {!props.isColour && <PresetPicker {...props} />}
      <div className="viewer-group">
        <ToolButton
          icon={Contrast}
          label={t('viewer.command.invert')}
          keys="I"
          onPress={run({ do: 'invert' })}
        />
        <ToolButton
          icon={FlipHorizontal2}
          label={t('viewer.command.flipHorizontal')}
          keys="H"
          onPress={run({ do: 'flip', along: 'horizontal' })}
        />
        <ToolButton
          icon={FlipVertical2}
          label={t('viewer.command.flipVertical')}
          keys="V"
          onPress={run({ do: 'flip', along: 'vertical' })}
        />
        <ToolButton
          icon={RotateCw}
          label={t('viewer.command.rotate')}
          keys="R"
          onPress={run({ do: 'rotate' })}
        />
        <ToolButton icon={Maximize} label={t('viewer.command.fit')} keys="F" onPress={run({ do: 'fit' })} />
        <ToolButton
          icon={RotateCcw}
          label={t('viewer.command.reset')}
          keys="0"
          onPress={run({ do: 'reset' })}
        />
      </div>
      <div className="viewer-group">
        <ToolButton
          icon={props.isCine ? Pause : Play}
          label={t('viewer.command.cine')}
          keys="C"
          isOn={props.isCine}
          onPress={run({ do: 'cine' })}
        />
        <ToolButton
          icon={props.isLinked ? Link2 : Link2Off}
          label={t('viewer.command.link')}
          keys="K"
          isOn={props.isLinked}
          onPress={run({ do: 'link' })}
        />
        <div className="viewer-layouts" role="group" aria-label={t('viewer.layout')}>
          {layouts.map((layout) => (
            <button
              key={layout}
              type="button"
              className="viewer-tool"
              aria-pressed={props.layout === layout}
              title={`${t('viewer.layout')} ${layout} (, .)`}
              onClick={() => props.onLayout(layout)}
            >
              {layout.replace('x', '×')}
            </button>
          ))}
        </div>
      </div>
      <div className="viewer-group">
        <ToolButton
          icon={props.isMasked ? EyeOff : Eye}
          label={t('viewer.command.mask')}
          keys="X"
          isOn={props.isMasked}
          onPress={run({ do: 'mask' })}
        />
        {props.hasReports && (
          <ToolButton
            icon={FileText}
            label={t('viewer.command.reports')}
            keys="T"
            onPress={run({ do: 'reports' })}
          />
        )}
        <ToolButton icon={Keyboard} label={t('viewer.command.help')} keys="?" onPress={run({ do: 'help' })} />
      </div>
    </div>
  )
}

function PresetPicker({ modality, onCommand }: Props) {
  const { t } = useTranslation()
  const choices =
    modality === 'CT'
      ? ctPresets.map(({ name }, at) => ({ digit: at + 1, name: t(`viewer.preset.${name}`) }))
      : [
          { digit: 3, name: t('viewer.preset.narrower') },
          { digit: 5, name: t('viewer.preset.own') },
          { digit: 7, name: t('viewer.preset.wider') },
        ]
  return (
    <select
      className="viewer-presets"
      aria-label={t('viewer.presets')}
      value=""
      onChange={({ target }) => {
        onCommand({ do: 'preset', digit: Number(target.value) })
        // Back to the picture, where the digits work.
        target.blur()
      }}
    >
      <option value="" hidden>
        {t('viewer.presets')}
      </option>
      {choices.map(({ digit, name }) => (
        <option key={digit} value={digit}>
          {digit} {name}
        </option>
      ))}
    </select>
  )
}

interface ButtonProps {
  icon: LucideIcon
  label: string
  keys: string
  isOn?: boolean
  onPress: () => void
}

function ToolButton({ icon: Icon, label, keys, isOn, onPress }: ButtonProps) {
  return (
    <button
      type="button"
      className="viewer-tool"
      aria-label={label}
      title={`${label} (${keys})`}
      {...(isOn === undefined ? {} : { 'aria-pressed': isOn })}
      onClick={(event) => {
        onPress()
        // The next key is for the picture, unless somebody walks through the buttons by keyboard.
        if (event.detail > 0) event.currentTarget.blur()
      }}
    >
      <Icon aria-hidden size={18} strokeWidth={1.75} />
    </button>
  )
}
