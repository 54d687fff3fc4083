import { AlignJustify, FilterX, Rows3 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { chooseDensity, useDensity } from '../parts/density.ts'
import { regionOf, regions } from './body-region.ts'
import { FilterMenu } from './filter-menu.tsx'
import type { LaneKind } from './lane-layout.ts'
import type { TimelineStudy } from './merge-studies.ts'
import { isFiltered, noFilters, sorts, yearOf } from './timeline-filters.ts'
import type { Sort, TimelineFilters } from './timeline-filters.ts'

export type View = LaneKind | 'none'
const views = ['region', 'hospital', 'none'] as const satisfies View[]

interface Props {
  all: readonly TimelineStudy[]
  names: ReadonlyMap<string, string>
  filters: TimelineFilters
  view: View
  shown: number
  onFilters: (filters: TimelineFilters) => void
  onView: (view: View) => void
}

/** What is shown, in which order and how dense. Only what occurs can be chosen. */
export function FilterBar({ all, names, filters, view, shown, onFilters, onView }: Props) {
  const { t } = useTranslation()
  const change = (part: Partial<TimelineFilters>) => onFilters({ ...filters, ...part })
  const present = new Set(all.map(({ description }) => regionOf(description)))
  const codes = [...new Set(all.flatMap(({ modalities }) => modalities))].sort()
  const holders = [...new Set(all.flatMap(({ holder, also }) => [holder, ...also]))]
  return (
    <div className="filter-bar" role="group" aria-label={t('found.filters')}>
      <FilterMenu
        label={t('timeline.modality')}
        options={codes.map((code) => ({ value: code, text: code }))}
        chosen={filters.modalities}
        onChange={(modalities) => change({ modalities })}
      />
      <FilterMenu
        label={t('found.region')}
        options={regions
          .filter((id) => present.has(id))
          .map((id) => ({ value: id, text: t(`regions.${id}`) }))}
        chosen={filters.regions}
        onChange={(chosen) => change({ regions: regions.filter((id) => chosen.includes(id)) })}
      />
      <FilterMenu
        label={t('timeline.hospital')}
        options={holders.map((ura) => ({ value: ura, text: names.get(ura) ?? ura }))}
        chosen={filters.hospitals}
        onChange={(hospitals) => change({ hospitals })}
      />
      <Period {...{ all, filters, change }} />
      <label className="check">
        <input
          type="checkbox"
          checked={filters.hasReport}
          onChange={({ target }) => change({ hasReport: target.checked })}
        />
        {t('found.hasReport')}
      </label>
      <SortSelect {...{ filters, change }} />
      <span className="filter-count muted small" role="status">
        {isFiltered(filters) ? t('found.shown', { shown, all: all.length }) : ''}
      </span>
      {isFiltered(filters) && (
        <button type="button" className="button button-small" onClick={() => onFilters({ ...noFilters })}>
          <FilterX aria-hidden size={14} />
          {t('found.clear')}
        </button>
      )}
      <fieldset className="segments segments-small filter-view">
        <legend className="hidden-text">{t('found.lanes')}</legend>
        {views.map((name) => (
          <label
            key={name}
            className="segment"
            title={name === 'none' ? `${t('found.lanesHide')} (t)` : undefined}
          >
            <input type="radio" name="lanes" checked={view === name} onChange={() => onView(name)} />
            <span>{t(`found.view.${name}`)}</span>
          </label>
        ))}
      </fieldset>
      <DensitySwitch />
    </div>
  )
}

interface PartProps {
  filters: TimelineFilters
  change: (part: Partial<TimelineFilters>) => void
}

function Period({ all, filters, change }: PartProps & { all: readonly TimelineStudy[] }) {
  const { t } = useTranslation()
  const years = [...new Set(all.flatMap((study) => yearOf(study) ?? []))].sort((a, b) => a - b)
  return (
    <>
      {(['from', 'until'] as const).map((edge) => (
        <select
          key={edge}
          className="select-small"
          aria-label={t(`found.${edge}`)}
          value={filters[edge] ?? ''}
          onChange={({ target }) =>
            change({ [edge]: target.value === '' ? undefined : Number(target.value) })
          }
        >
          <option value="">{t(`found.${edge}`)}</option>
          {years.map((year) => (
            <option key={year}>{year}</option>
          ))}
        </select>
      ))}
    </>
  )
}

function SortSelect({ filters, change }: PartProps) {
  const { t } = useTranslation()
  return (
    <select
      className="select-small"
      aria-label={t('found.sort')}
      value={`${filters.isReversed ? '-' : ''}${filters.sort}`}
      onChange={({ target: { value } }) =>
        change({ sort: value.replace('-', '') as Sort, isReversed: value.startsWith('-') })
      }
    >
      {sorts.flatMap((name) => [
        <option key={name} value={name}>
          {t(`found.sorts.${name}`)}
        </option>,
        ...(name === 'date'
          ? [
              <option key="oldest" value="-date">
                {t('found.sorts.oldest')}
              </option>,
            ]
          : []),
      ])}
    </select>
  )
}

function DensitySwitch() {
  const { t } = useTranslation()
  const density = useDensity()
  const other = density === 'dense' ? 'normal' : 'dense'
  const Icon = other === 'dense' ? AlignJustify : Rows3
  return (
    <button
      type="button"
      className="button-icon"
      aria-label={t(`density.${other}`)}
      title={t(`density.${other}`)}
      onClick={() => chooseDensity(other)}
    >
      <Icon aria-hidden size={18} />
    </button>
  )
}
