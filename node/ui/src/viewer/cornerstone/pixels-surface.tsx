import { useEffect, useEffectEvent, useImperativeHandle, useRef, useState } from 'react'
import { frameAddress } from '../dicomweb-addresses.ts'
import { whyNot } from '../why-not.ts'
import type { SurfaceProps } from '../surface.ts'
import { chooseTool, startEngine } from './engine.ts'
import { StackView } from './stack-view.ts'

/** Pixels drawn here, by WebGL. */
export function PixelsSurface({ image, tool, ahead, onLook, onShown, onFailed, ref }: SurfaceProps) {
  const element = useRef<HTMLDivElement>(null)
  const [view, setView] = useState<StackView>()
  const tellLook = useEffectEvent(onLook)
  const tellShown = useEffectEvent(onShown)
  const tellFailed = useEffectEvent(onFailed)
  useEffect(() => {
    let made: StackView | undefined
    let isOver = false
    const sizes = new ResizeObserver(() => made?.resized())
    void startEngine().then((engine) => {
      const { current } = element
      if (isOver || current === null) return
      made = new StackView(
        { engine, element: current },
        {
          onLook: (look) => tellLook(look),
          onShown: (key) => tellShown(key),
          onFailed: (frame) =>
            void whyNot(
              frameAddress(frame),
              'multipart/related; type=application/octet-stream; transfer-syntax=*',
            ).then((error) => tellFailed(error)),
        },
      )
      sizes.observe(current)
      setView(made)
    })
    return () => {
      isOver = true
      sizes.disconnect()
      made?.destroy()
    }
  }, [])
  useEffect(() => view?.show(image), [view, image])
  useEffect(() => view?.fetchAhead(ahead), [view, ahead])
  useEffect(() => {
    if (view !== undefined) chooseTool(tool)
  }, [view, tool])
  useImperativeHandle(ref, () => view as StackView, [view])
  return <div ref={element} className="viewer-surface" />
}
