import { formatDate } from '@twiin/ui-kit'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Region } from './body-region.ts'
import { layOut } from './lane-layout.ts'
import type { LaneKind, LaneLayout, Mark } from './lane-layout.ts'
import { LaneShape } from './lane-mark.tsx'
import type { TimelineStudy } from './merge-studies.ts'

interface Props {
  studies: readonly TimelineStudy[]
  kind: LaneKind
  names: ReadonlyMap<string, string>
  current: string | undefined
  hovered: string | undefined
  onHover: (key: string | undefined) => void
  onPick: (key: string) => void
}

const labelWidth = 132
const levelHeight = 24
const axisHeight = 22
/** More than this is a smear. */
const mostMarks = 400

/** The years from left to right, a lane for each part of the body or hospital. The table below says the same in words. */
export function Lanes({ studies, kind, names, current, hovered, onHover, onPick }: Props) {
  const { t, i18n } = useTranslation()
  const [frame, width] = useWidth()
  const layout = useMemo(
    () => layOut(studies.slice(0, mostMarks), kind, Math.max(120, width - labelWidth)),
    [studies, kind, width],
  )
  const marks = layout.lanes.flatMap((lane) => lane.marks).sort((a, b) => a.x - b.x)
  const stop = marks.find(({ study }) => study.key === current) ?? marks.at(-1)
  const nameOf = (id: string) => (kind === 'region' ? t(`regions.${id as Region}`) : (names.get(id) ?? id))
  const wordsOf = ({ study }: Mark) =>
    [
      formatDate(study.studyDate, i18n.language),
      study.modalities.join(' '),
      study.description || t('timeline.noDescription'),
      names.get(study.holder) ?? study.holder,
    ].join(' · ')
  return (
    <section className="lanes" ref={frame} aria-label={t('found.lanes')}>
      {studies.length > mostMarks ? (
        <p className="muted">{t('found.tooMany', { count: studies.length })}</p>
      ) : (
        width > 0 && (
          <svg
            role="group"
            aria-label={t('found.lanesHint')}
            width={width}
            height={heightOf(layout)}
            onKeyDown={(event) => moveAlong(event, marks)}
          >
            <Ticks layout={layout} />
            {layout.lanes.map((lane, index) => (
              <g key={lane.id} transform={`translate(0 ${topOf(layout, index)})`}>
                <line
                  className="lane-line"
                  x1={labelWidth}
                  x2={width}
                  y1={lane.levels * levelHeight}
                  y2={lane.levels * levelHeight}
                />
                <text className="lane-label" x="0" y={lane.levels * levelHeight - 8}>
                  {shortened(nameOf(lane.id))}
                  <title>{nameOf(lane.id)}</title>
                </text>
                {lane.marks.map((mark) => (
                  <g
                    key={mark.study.key}
                    role="button"
                    tabIndex={mark === stop ? 0 : -1}
                    className="mark"
                    data-mark={mark.study.key}
                    data-current={mark.study.key === current}
                    data-hovered={mark.study.key === hovered}
                    aria-label={wordsOf(mark)}
                    transform={`translate(${labelWidth + mark.x} ${(lane.levels - mark.level) * levelHeight - 12})`}
                    onPointerEnter={() => onHover(mark.study.key)}
                    onPointerLeave={() => onHover(undefined)}
                    onFocus={() => onHover(mark.study.key)}
                    onBlur={() => onHover(undefined)}
                    onClick={() => onPick(mark.study.key)}
                    onKeyDown={(event) => {
                      if (event.key !== 'Enter' && event.key !== ' ') return
                      event.preventDefault()
                      onPick(mark.study.key)
                    }}
                  >
                    <title>{wordsOf(mark)}</title>
                    <rect className="mark-target" x="-12" y="-12" width="24" height="24" />
                    <LaneShape study={mark.study} />
                  </g>
                ))}
              </g>
            ))}
          </svg>
        )
      )}
      {layout.undated > 0 && <p className="muted small">{t('found.undated', { count: layout.undated })}</p>}
    </section>
  )
}

function Ticks({ layout }: { layout: LaneLayout }) {
  const height = heightOf(layout)
  return layout.ticks.map(({ year, x }) => (
    <g key={year} transform={`translate(${labelWidth + x} 0)`} aria-hidden>
      <line className="lane-tick" y1={axisHeight - 6} y2={height} />
      <text className="lane-year" y="12" textAnchor="middle">
        {year}
      </text>
    </g>
  ))
}

const topOf = ({ lanes }: LaneLayout, index: number) =>
  axisHeight + lanes.slice(0, index).reduce((sum, { levels }) => sum + levels * levelHeight + 6, 0)
const heightOf = (layout: LaneLayout) => topOf(layout, layout.lanes.length) + 4
const shortened = (name: string) => (name.length > 20 ? `${name.slice(0, 19)}…` : name)

/** Left and right go through the years, across the lanes. */
function moveAlong(event: React.KeyboardEvent<SVGElement>, marks: readonly Mark[]): void {
  const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key]
  if (step === undefined) return
  event.preventDefault()
  const key = (event.target as SVGElement).closest<SVGElement>('[data-mark]')?.dataset['mark']
  const at = marks.findIndex(({ study }) => study.key === key)
  const next = marks[Math.min(Math.max(at + step, 0), marks.length - 1)]
  if (next === undefined) return
  event.currentTarget.querySelector<SVGElement>(`[data-mark="${CSS.escape(next.study.key)}"]`)?.focus()
}

function useWidth(): [React.RefObject<HTMLElement | null>, number] {
  const frame = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const { current } = frame
    if (current === null) return
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    observer.observe(current)
    return () => observer.disconnect()
  }, [])
  return [frame, width]
}
