import { preference, Skeleton, useShortcuts } from '@twiin/ui-kit'
import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation, useNavigate } from 'react-router'
import type { PatientSearch } from '../api-types.ts'
import { Timeline } from '../parts/timeline.tsx'
import { subjectOf } from '../shares/found-subject.ts'
import type { ShareSubject } from '../shares/shareable-study.ts'
import { FilterBar } from './filter-bar.tsx'
import type { View } from './filter-bar.tsx'
import { Lanes } from './lanes.tsx'
import { mergeStudies } from './merge-studies.ts'
import type { TimelineStudy } from './merge-studies.ts'
import { PreviewPanel } from './preview-panel.tsx'
import { chosenStudies, isFiltered, noFilters, readFilters, writeFilters } from './timeline-filters.ts'
import type { TimelineFilters } from './timeline-filters.ts'

/** Above this a person is advised to filter. */
const many = 500
const firstRowsMs = 350

interface Props {
  search: PatientSearch
  /** UID of the study that somebody came for; it is shown as soon as it is found. */
  wanted: string | undefined
  onSend: (study: TimelineStudy) => void
  onShare: (subject: ShareSubject) => void
}

/** All that was found of one patient: filters, the years as lanes, the table, and what stands in one study. */
export function FoundStudies({ search, wanted, onSend, onShare }: Props) {
  const { t } = useTranslation()
  const [filters, setFilters] = useFilters()
  const [view, setView] = useView()
  const [current, setCurrent] = useState<string>()
  const [hovered, setHovered] = useState<string>()
  const [isPreviewing, setPreviewing] = useState(false)
  const isShown = useFirstRowsTogether(search)
  const all = useMemo(() => (isShown ? mergeStudies(search.studies) : []), [isShown, search.studies])
  const names = useMemo(() => new Map(search.holders.map(({ ura, name }) => [ura, name])), [search.holders])
  const chosen = useMemo(
    () => chosenStudies(all, filters, (ura) => names.get(ura) ?? ura),
    [all, filters, names],
  )
  const [came, setCame] = useState(false)
  const target =
    wanted === undefined ? undefined : all.find((study) => study.studyInstanceUid === wanted)?.key
  if (target !== undefined && !came) {
    setCame(true)
    setCurrent(target)
    setPreviewing(true)
  }
  const previewed = isPreviewing ? all.find(({ key }) => key === current) : undefined
  useShortcuts((pressed) => {
    if (pressed === 't') setView(view === 'none' ? 'region' : 'none')
    else if (pressed === 'Escape' && isPreviewing) setPreviewing(false)
    else return false
    return true
  })
  if (all.length === 0 && search.complete) return null
  return (
    <>
      <FilterBar
        {...{ all, names, filters, view }}
        shown={chosen.length}
        onFilters={setFilters}
        onView={setView}
      />
      {all.length > many && (
        <p className="notice" role="status">
          {t('found.many', { count: all.length })}
        </p>
      )}
      {view !== 'none' && (
        <Lanes
          {...{ names, current, hovered }}
          studies={chosen}
          kind={view}
          onHover={setHovered}
          onPick={(key) => {
            setCurrent(key)
            focusRow(key)
          }}
        />
      )}
      {all.length === 0 ? (
        <Skeleton rows={6} />
      ) : chosen.length === 0 ? (
        <p className="muted">
          {t('found.noneFit')}{' '}
          <button type="button" className="button button-small" onClick={() => setFilters({ ...noFilters })}>
            {t('found.clear')}
          </button>
        </p>
      ) : (
        <div className="found" data-preview={previewed !== undefined}>
          <Timeline
            {...{ search, names, current, hovered, onSend }}
            studies={chosen}
            isFiltered={isFiltered(filters)}
            onShare={(study) => onShare(subjectOf(search.id, chosen, study, (ura) => names.get(ura) ?? ura))}
            onCurrent={setCurrent}
            onHover={setHovered}
            onPreview={(key) => {
              setPreviewing(!(isPreviewing && current === key))
              setCurrent(key)
            }}
          />
          {previewed !== undefined && (
            <PreviewPanel
              key={previewed.key}
              {...{ all, names }}
              study={previewed}
              searchId={search.id}
              onClose={() => setPreviewing(false)}
              onPick={(key) => {
                setCurrent(key)
                focusRow(key)
              }}
            />
          )}
        </div>
      )}
    </>
  )
}

/**
 * Hospitals that are well answer within a blink of each other: their rows come at once, so that nothing moves under the
 * eyes of who began to read. Whoever takes longer adds rows when it answers.
 */
function useFirstRowsTogether({ studies, complete }: PatientSearch): boolean {
  const [isOver, setOver] = useState(false)
  const hasRows = studies.length > 0
  useEffect(() => {
    if (!hasRows) return
    const timer = setTimeout(() => setOver(true), firstRowsMs)
    return () => clearTimeout(timer)
  }, [hasRows])
  return complete || isOver
}

function focusRow(key: string): void {
  const row = document.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`)
  row?.focus()
  row?.scrollIntoView({ block: 'nearest' })
}

/** In the address behind `#`, so that a reload and the back button keep them; the server never sees them. */
function useFilters(): [TimelineFilters, (filters: TimelineFilters) => void] {
  const { hash, pathname } = useLocation()
  const navigate = useNavigate()
  const filters = useMemo(() => readFilters(hash), [hash])
  return [
    filters,
    (next) => {
      const text = writeFilters(next)
      void navigate({ pathname, hash: text === '' ? '' : `#${text}` }, { replace: true })
    },
  ]
}

function useView(): [View, (view: View) => void] {
  const [view, setView] = useState<View>(() => {
    const kept = preference.get('lanes')
    return kept === 'none' || kept === 'hospital' ? kept : 'region'
  })
  return [
    view,
    (next) => {
      preference.set('lanes', next)
      setView(next)
    },
  ]
}
