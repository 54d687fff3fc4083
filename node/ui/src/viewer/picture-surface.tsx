import type { ApiError } from '@twiin/ui-kit'
import { useEffect, useEffectEvent, useImperativeHandle, useRef, useState } from 'react'
import type { PointerEvent } from 'react'
import { renderedAddress } from './dicomweb-addresses.ts'
import { edgeLetters } from './orientation-letters.ts'
import type { SurfaceProps } from './surface.ts'
import { whyNot } from './why-not.ts'
import type { Window } from './window-presets.ts'

interface Shown {
  window: Window | undefined
  isInverted: boolean
  isFlipped: boolean
  turns: number
  zoom: number
  x: number
  y: number
}

const asOpened: Shown = {
  ...{ window: undefined, isInverted: false, isFlipped: false, turns: 0 },
  ...{ zoom: 1, x: 0, y: 0 },
}

/** Pictures that the node made, for computers that cannot draw: the same keys, nothing to measure. */
export function PictureSurface({ image, tool, ahead, onLook, onShown, onFailed, ref }: SurfaceProps) {
  const [shown, setShown] = useState(asOpened)
  const { instance, plane } = image
  const window = shown.window ?? instance.window
  const address = renderedAddress(image, instance.isColour ? undefined : shown.window)
  const { src, failed } = usePicture(address)
  const tellShown = useEffectEvent(() => onShown(image.key))
  const tellFailed = useEffectEvent(onFailed)
  const tellLook = useEffectEvent(onLook)
  useEffect(() => {
    if (failed !== undefined) tellFailed(failed)
    else if (src === address) tellShown()
  }, [src, address, failed])
  useEffect(() => {
    const isUpright = shown.turns === 0 && !shown.isFlipped
    const letters = plane && isUpright ? edgeLetters(plane.row, plane.column) : undefined
    tellLook({ window: instance.isColour ? undefined : window, zoom: shown.zoom, letters })
  }, [window, shown, plane, instance])
  useEffect(() => {
    if (src !== address) return
    for (const next of ahead.slice(0, 4))
      new Image().src = renderedAddress(next, instance.isColour ? undefined : shown.window)
  }, [src, address, ahead, instance, shown.window])
  const change = (by: Partial<Shown>) => setShown((now) => ({ ...now, ...by }))
  useImperativeHandle(ref, () => ({
    setWindow: (to) => change({ window: to }),
    invert: () => setShown((now) => ({ ...now, isInverted: !now.isInverted })),
    // Both ways round is half a turn more.
    flip: (along) =>
      setShown((now) => ({
        ...now,
        isFlipped: !now.isFlipped,
        turns: along === 'horizontal' ? now.turns : (now.turns + 2) % 4,
      })),
    rotate: () => setShown((now) => ({ ...now, turns: (now.turns + 1) % 4 })),
    zoom: (factor) => setShown((now) => ({ ...now, zoom: Math.min(Math.max(now.zoom * factor, 0.1), 20) })),
    fit: () => change({ zoom: 1, x: 0, y: 0 }),
    reset: () => setShown(asOpened),
    clearMeasurements: () => {},
  }))
  const drag = useDrag((dx, dy) => {
    if (tool === 'pan') setShown((now) => ({ ...now, x: now.x + dx, y: now.y + dy }))
    else if (tool === 'zoom') setShown((now) => ({ ...now, zoom: now.zoom * (1 - dy / 200) }))
    else if (window !== undefined)
      change({ window: { center: window.center + dy, width: Math.max(window.width + dx * 2, 1) } })
  })
  const { x, y, zoom, turns, isFlipped, isInverted } = shown
  return (
    <div className="viewer-surface" {...drag}>
      {src !== undefined && (
        <img
          className="viewer-picture"
          src={src}
          alt=""
          draggable={false}
          style={{
            transform: `translate(${x}px, ${y}px) scale(${zoom}) rotate(${turns * 90}deg) scaleX(${isFlipped ? -1 : 1})`,
            filter: isInverted ? 'invert(1)' : 'none',
          }}
        />
      )}
    </div>
  )
}

/** The last picture that came stays until the next one is here. */
function usePicture(address: string) {
  const [state, setState] = useState<{ src?: string; failed?: ApiError }>({})
  useEffect(() => {
    let isOver = false
    const picture = new Image()
    picture.onload = () => {
      if (!isOver) setState({ src: address })
    }
    picture.onerror = () =>
      void whyNot(address).then((failed) => {
        if (!isOver) setState((now) => ({ ...now, failed }))
      })
    picture.src = address
    return () => {
      isOver = true
    }
  }, [address])
  return { src: state.src, failed: state.failed }
}

function useDrag(onMove: (dx: number, dy: number) => void) {
  const last = useRef<{ x: number; y: number }>(undefined)
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return
      last.current = { x: event.clientX, y: event.clientY }
      event.currentTarget.setPointerCapture(event.pointerId)
    },
    onPointerMove: ({ clientX: x, clientY: y }: PointerEvent) => {
      if (last.current === undefined) return
      onMove(x - last.current.x, y - last.current.y)
      last.current = { x, y }
    },
    onPointerUp: () => {
      last.current = undefined
    },
  }
}
