import { useIsLocked, useProblemText } from '@twiin/ui-kit'
import type { ApiError } from '@twiin/ui-kit'
import { ImageOff, LoaderCircle, RotateCw } from 'lucide-react'
import { Suspense, lazy, useEffect, useImperativeHandle, useMemo, useRef, useState } from 'react'
import type { Ref } from 'react'
import { useTranslation } from 'react-i18next'
import { renderedAddress } from './dicomweb-addresses.ts'
import type { ViewedFrame } from './image-facts.ts'
import type { OpenedStudy } from './opened-studies.ts'
import { PaneOverlay } from './pane-overlay.tsx'
import { PictureSurface } from './picture-surface.tsx'
import { middleOut } from './prefetch-order.ts'
import type { Look, Surface, SurfaceProps, ToolName } from './surface.ts'
import type { ReadStudy } from './study-reader.ts'

/** Everything of Cornerstone3D comes with this, and only when a picture is opened. */
const loadPixels = () => import('./cornerstone/pixels-surface.tsx')
const PixelsSurface = lazy(async () => ({ default: (await loadPixels()).PixelsSurface }))

interface Props {
  number: number
  study: OpenedStudy | undefined
  read: ReadStudy | undefined
  stack: readonly ViewedFrame[]
  /** -1 when nothing is shown. */
  at: number
  isActive: boolean
  /** Undefined: not known yet. */
  isDrawnHere: boolean | undefined
  tool: ToolName
  isOverlaid: boolean
  isMasked: boolean
  onActivate: () => void
  onScroll: (frames: number) => void
  onShown: () => void
  /** The first picture came, or will not. */
  onFirstOver: () => void
  onRetry: () => void
  onProblem: (problem: ApiError) => void
  ref: Ref<PaneHandle>
}

export interface PaneHandle {
  surface: Surface | null
  look: Look | undefined
}

/** One picture with what belongs to it. */
export function ViewerPane(props: Props) {
  const { number, study, stack, at, isActive, onActivate, ref } = props
  const { t } = useTranslation()
  const [look, setLook] = useState<Look>()
  const [failed, setFailed] = useState<{ key: string; error: ApiError }>()
  const [shownKey, setShownKey] = useState<string>()
  const [attempt, setAttempt] = useState(0)
  const surface = useRef<Surface>(null)
  const element = useRef<HTMLDivElement>(null)
  const frame = stack[at]
  useImperativeHandle(ref, () => ({ surface: surface.current, look }))
  useWheel(element, props.onScroll, surface)
  const ahead = useMemo(
    () =>
      middleOut(stack.length, at)
        .slice(1)
        .flatMap((index) => stack[index] ?? []),
    [stack, at],
  )
  const isFailed = frame !== undefined && failed?.key === frame.key
  const again = () => {
    setFailed(undefined)
    setAttempt((count) => count + 1)
  }
  const isLocked = useIsLocked()
  const [wasLocked, setWasLocked] = useState(isLocked)
  if (wasLocked !== isLocked) {
    setWasLocked(isLocked)
    if (!isLocked && failed?.error.status === 423) again()
  }
  const drawing: Omit<SurfaceProps, 'ref'> | undefined = frame && {
    ...{ image: frame, tool: props.tool, ahead, onLook: setLook },
    onShown: (key) => {
      setShownKey(key)
      setFailed(undefined)
      props.onShown()
    },
    onFailed: (error) => {
      setFailed({ key: frame.key, error })
      props.onProblem(error)
    },
  }
  const name = frame?.instance.seriesDescription || study?.description || t('timeline.noDescription')
  return (
    <div
      ref={element}
      className="viewer-pane"
      data-pane={number}
      data-active={isActive}
      data-shown={shownKey}
      data-loading={frame !== undefined && shownKey !== frame.key && !isFailed}
      role="group"
      aria-label={
        frame === undefined ? t('viewer.paneEmpty', { number }) : t('viewer.pane', { number, series: name })
      }
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- keys scroll the picture that has the focus
      tabIndex={0}
      onFocus={onActivate}
      onPointerDownCapture={onActivate}
      onContextMenu={(event) => event.preventDefault()}
    >
      {drawing !== undefined &&
        !drawing.image.instance.isVideo &&
        shownKey === undefined &&
        props.isDrawnHere !== false && (
          <FirstPicture frame={drawing.image} onShown={props.onShown} onOver={props.onFirstOver} />
        )}
      {drawing !== undefined &&
        !drawing.image.instance.isVideo &&
        props.isDrawnHere !== undefined &&
        (props.isDrawnHere ? (
          <Suspense fallback={null}>
            <PixelsSurface key={attempt} ref={surface} {...drawing} />
          </Suspense>
        ) : (
          <PictureSurface key={attempt} ref={surface} {...drawing} />
        ))}
      {frame !== undefined && study !== undefined && props.isOverlaid && (
        <PaneOverlay
          {...{ frame, at, study, look }}
          of={stack.length}
          isMasked={props.isMasked}
          isExact={props.isDrawnHere === true && shownKey !== undefined}
          marked={props.read?.keyImages.get(frame.key)}
        />
      )}
      <PaneState
        {...props}
        error={isFailed ? failed.error : undefined}
        isWaiting={frame !== undefined && shownKey === undefined && !isFailed}
        onAgain={again}
      />
    </div>
  )
}

/** The node's picture of the first frame, until this computer is ready to draw: the eye does not wait for code. */
function FirstPicture(props: { frame: ViewedFrame; onShown: () => void; onOver: () => void }) {
  const { frame, onShown, onOver } = props
  const [isHere, setIsHere] = useState(false)
  return (
    <img
      className="viewer-picture viewer-first"
      data-here={isHere}
      src={renderedAddress(frame, undefined)}
      alt=""
      onLoad={() => {
        setIsHere(true)
        onShown()
        onOver()
      }}
      // Whoever draws says why it does not come.
      onError={onOver}
    />
  )
}

/** What stands where no picture is: why, and what can be done. */
function PaneState({
  study,
  read,
  stack,
  at,
  error,
  isWaiting,
  onAgain,
  onRetry,
}: Props & { error: ApiError | undefined; isWaiting: boolean; onAgain: () => void }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const frame = stack[at]
  if (frame?.instance.isVideo === true) return <p className="viewer-message">{t('viewer.video')}</p>
  const problem = error ?? (frame === undefined ? read?.problem : undefined)
  if (problem !== undefined)
    return (
      <div className="viewer-message" role="alert">
        <ImageOff aria-hidden size={28} />
        <strong>{t('viewer.failedTitle')}</strong>
        <p>{problemText(problem)}</p>
        <button type="button" className="button" onClick={error === undefined ? onRetry : onAgain}>
          <RotateCw aria-hidden size={16} />
          {t('viewer.retry')}
        </button>
      </div>
    )
  if (frame === undefined && read?.state === 'whole')
    return <p className="viewer-message">{t('viewer.noPictures')}</p>
  if (frame !== undefined && !isWaiting) return null
  if (study === undefined) return null
  return (
    <p className="viewer-message" role="status">
      <LoaderCircle aria-hidden size={24} className="viewer-spin" />
      {study.isExternal ? t('viewer.loadingFrom', { hospital: study.hospital }) : t('viewer.loading')}
    </p>
  )
}

/** The wheel scrolls; with Ctrl it zooms. React listens passively, and the page would scroll along. */
function useWheel(
  element: React.RefObject<HTMLDivElement | null>,
  onScroll: (frames: number) => void,
  surface: React.RefObject<Surface | null>,
) {
  const scroll = useRef(onScroll)
  useEffect(() => {
    scroll.current = onScroll
  })
  useEffect(() => {
    const listen = (event: WheelEvent) => {
      event.preventDefault()
      const step = Math.sign(event.deltaY)
      if (event.ctrlKey) surface.current?.zoom(step > 0 ? 0.9 : 1.1)
      else if (step !== 0) scroll.current(step)
    }
    const target = element.current
    target?.addEventListener('wheel', listen, { passive: false })
    return () => target?.removeEventListener('wheel', listen)
  }, [element, surface])
}
