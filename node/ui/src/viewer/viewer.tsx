import { X } from 'lucide-react'
import { useEffect, useEffectEvent, useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { useStatus } from '../queries.ts'
import { useSession } from '../session.ts'
import { KeysDialog } from './keys-dialog.tsx'
import { OpenElsewhere } from './open-elsewhere.tsx'
import type { Opened } from './opened-studies.ts'
import { filled, firstPanes, stackOf } from './panes.ts'
import { PriorList } from './prior-list.tsx'
import { ReportsPanel } from './reports-panel.tsx'
import { SeriesStrip } from './series-strip.tsx'
import { StudyShelf } from './study-shelf.ts'
import { canDraw } from './surface.ts'
import { useCine } from './use-cine.ts'
import { useCommands } from './use-commands.ts'
import type { Shown } from './use-commands.ts'
import { useShut } from './use-shut.ts'
import { useViewerKeys } from './viewer-keys.ts'
import { ViewerPane } from './viewer-pane.tsx'
import type { PaneHandle } from './viewer-pane.tsx'
import { ViewerToolbar } from './viewer-toolbar.tsx'

interface Props {
  opened: Opened
  onClose: () => void
  onLoggedOut: () => void
}

/** Dismissed once, it stays a few words until the page is loaded anew. It never goes altogether. */
let noticeSeen = false

export function Viewer({ opened, onClose, onLoggedOut }: Props) {
  const { t } = useTranslation()
  const { user } = useSession()
  const { current, others } = opened
  const [shelf] = useState(() => new StudyShelf())
  const reads = useSyncExternalStore(shelf.subscribe, shelf.now)
  const [shown, setShown] = useState<Shown>(() => ({
    ...{ panes: firstPanes(current.handle), tool: 'window', isCine: false },
    ...{ isOverlaid: true, isMasked: false, side: 'priors', isHelp: false },
  }))
  const [isFirstOver, setFirstOver] = useState(false)
  const isDrawnHere = useCanDraw(isFirstOver)
  useEffect(() => {
    if (isDrawnHere !== true) return
    const loading = import('./cornerstone/engine.ts')
    void loading.then(({ startEngine }) => startEngine())
    return () => void loading.then(({ forgetAll }) => forgetAll())
  }, [isDrawnHere])
  const [hasPictures, setHasPictures] = useState(false)
  const [isNoticed, setIsNoticed] = useState(noticeSeen)
  const handles = useRef<(PaneHandle | null)[]>([])
  const { panes } = shown
  const active = panes.panes[panes.active]
  const studyOf = (handle: string | undefined) => [current, ...others].find((one) => one.handle === handle)
  const activeStudy = studyOf(active?.study) ?? current
  const inPanes = [...new Set(panes.panes.flatMap((pane) => pane?.study ?? []))]
  const run = useCommands({ shelf, others, shown, setShown, handles, onClose })
  useViewerKeys(run)
  useCine({ shelf, shown, setShown })

  // Read in the order in which they were opened; what came is shown where somebody waits for it.
  const openAll = useEffectEvent((wanted: readonly string[]) => {
    for (const handle of wanted) {
      const study = studyOf(handle)
      if (study !== undefined) shelf.open(handle, study.studyInstanceUid)
    }
  })
  const wanted = inPanes.join(' ')
  useEffect(() => openAll(wanted.split(' ')), [wanted])
  useEffect(
    () => shelf.subscribe(() => setShown((now) => ({ ...now, panes: filled(now.panes, shelf) }))),
    [shelf],
  )
  useEffect(() => () => shelf.close(), [shelf])
  const tellShut = useShut(shelf, onLoggedOut)
  useEffect(() => document.querySelector<HTMLElement>('[data-pane="1"]')?.focus(), [])

  const activeFrame = stackOf(active, shelf).find(({ key }) => key === active?.frame)
  return (
    <main className="viewer" id="content" tabIndex={-1}>
      <header className="viewer-head">
        <button
          type="button"
          className="viewer-tool"
          aria-label={t('viewer.close')}
          title={`${t('viewer.close')} (Esc)`}
          onClick={onClose}
        >
          <X aria-hidden size={20} />
        </button>
        <h1 className="viewer-title">{activeStudy.description || t('viewer.title')}</h1>
        <ViewerToolbar
          {...{ tool: shown.tool, isCine: shown.isCine, isOverlaid: shown.isOverlaid }}
          isMasked={shown.isMasked}
          isLinked={panes.anchors !== undefined}
          layout={panes.layout}
          hasReports={user.role === 'radiologist'}
          modality={activeFrame?.instance.modality}
          isColour={activeFrame?.instance.isColour ?? false}
          canMeasure={isDrawnHere === true}
          onCommand={run}
          onLayout={(layout) => run({ do: 'layoutTo', layout })}
        />
        <OpenElsewhere study={activeStudy} />
      </header>
      <div className="viewer-left">
        {inPanes.map((handle) => {
          const [study, read] = [studyOf(handle), reads.get(handle)]
          if (study === undefined || read === undefined) return null
          return (
            <SeriesStrip
              key={handle}
              {...{ study, read, hasPictures }}
              shown={panes.panes.flatMap((pane) => (pane?.study === handle ? (pane.series ?? []) : []))}
              active={active?.study === handle ? active.series : undefined}
              onSeries={(series) => run({ do: 'show', study: handle, series })}
              onKeyImage={(frame) => run({ do: 'jump', study: handle, frame })}
              onRetry={() => shelf.retry(handle)}
            />
          )
        })}
      </div>
      <div className="viewer-panes" data-layout={panes.layout}>
        {panes.panes.map((pane, at) => {
          const stack = stackOf(pane, shelf)
          return (
            <ViewerPane
              key={`${at} ${pane?.study ?? ''}`}
              ref={(handle) => {
                handles.current[at] = handle
              }}
              number={at + 1}
              study={studyOf(pane?.study)}
              read={reads.get(pane?.study ?? '')}
              stack={stack}
              at={stack.findIndex(({ key }) => key === pane?.frame)}
              isActive={at === panes.active}
              {...{ isDrawnHere, tool: shown.tool, isOverlaid: shown.isOverlaid, isMasked: shown.isMasked }}
              onActivate={() => run({ do: 'activate', pane: at })}
              onScroll={(frames) => run({ do: 'scroll', frames, pane: at })}
              onShown={() => setHasPictures(true)}
              onFirstOver={() => setFirstOver(true)}
              onRetry={() => shelf.retry(pane?.study ?? '')}
              onProblem={tellShut}
            />
          )
        })}
      </div>
      <div className="viewer-right">
        {shown.side === 'reports' ? (
          <ReportsPanel
            studyInstanceUid={activeStudy.studyInstanceUid}
            isWhole={reads.get(activeStudy.handle)?.state === 'whole'}
          />
        ) : (
          <PriorList others={others} shown={inPanes} onCompare={(study) => run({ do: 'compare', study })} />
        )}
      </div>
      <footer className="viewer-foot">
        <Demo />
        {isDrawnHere === false && <span>{t('viewer.withoutWebGl')}</span>}
        <span className="viewer-notice">
          {isNoticed ? t('viewer.notDiagnosticShort') : t('viewer.notDiagnostic')}
          {!isNoticed && (
            <button
              type="button"
              className="viewer-tool"
              aria-label={t('viewer.hideNotice')}
              onClick={() => {
                noticeSeen = true
                setIsNoticed(true)
              }}
            >
              <X aria-hidden size={14} />
            </button>
          )}
        </span>
      </footer>
      {shown.isHelp && <KeysDialog onClose={() => setShown((now) => ({ ...now, isHelp: false }))} />}
    </main>
  )
}

/**
 * Whether this computer draws; undefined until the first picture is over and it was tried. The first picture, which the
 * node made, comes before all code that draws.
 */
function useCanDraw(isFirstOver: boolean): boolean | undefined {
  const [isPossible, setPossible] = useState<boolean>()
  useEffect(() => {
    if (isFirstOver) void canDraw().then(setPossible)
  }, [isFirstOver])
  return isPossible
}

function Demo() {
  const { t } = useTranslation()
  const { data } = useStatus()
  return data?.demo === true ? <span className="viewer-demo">{t('app.demo')}</span> : null
}
