import * as core from '@cornerstonejs/core'
import { init as initLoader, wadors } from '@cornerstonejs/dicom-image-loader'
import * as tools from '@cornerstonejs/tools'
import { frameAddress } from '../dicomweb-addresses.ts'
import type { ViewedFrame } from '../image-facts.ts'
import type { ToolName } from '../surface.ts'

/** Of decoded pixels; two CTs of a thousand slices fit. */
const mostCachedBytes = 1024 * 1024 * 1024
const groupId = 'viewer'

const toolClasses = {
  window: tools.WindowLevelTool,
  pan: tools.PanTool,
  zoom: tools.ZoomTool,
  length: tools.LengthTool,
  angle: tools.AngleTool,
  ellipse: tools.EllipticalROITool,
  probe: tools.ProbeTool,
} as const satisfies Record<ToolName, { toolName: string }>

/** `toolName` is `any` in Cornerstone's types. */
const nameOf = (tool: { toolName: unknown }) => String(tool.toolName)
const toolNamesThere = Object.values(toolClasses).map(nameOf)

let started: Promise<core.RenderingEngine> | undefined
let made = 0

/** The one engine of this page. Decoders run in workers, all of it from our own origin. */
export const startEngine = () => (started ??= start())

async function start(): Promise<core.RenderingEngine> {
  core.init()
  tools.init()
  initLoader({ maxWebWorkers: Math.min(Math.max(navigator.hardwareConcurrency - 1, 1), 4) })
  core.cache.setMaxCacheSize(mostCachedBytes)
  // Its cursors are pictures from `blob:`, which the policy of our pages does not let in.
  for (const name of Object.keys(tools.cursors.CursorSVG))
    Reflect.deleteProperty(tools.cursors.CursorSVG, name)
  for (const tool of Object.values(toolClasses)) tools.addTool(tool)
  const group = tools.ToolGroupManager.createToolGroup(groupId)
  for (const toolName of toolNamesThere) group?.addTool(toolName)
  return new core.RenderingEngine('viewer')
}

/** Left button: the chosen tool. Right: window/level. Middle: pan. Measurements stay to be seen and moved. */
export function chooseTool(chosen: ToolName): void {
  const group = tools.ToolGroupManager.getToolGroup(groupId)
  const { Primary, Secondary, Auxiliary } = tools.Enums.MouseBindings
  for (const [name, tool] of Object.entries(toolClasses)) {
    const toolName = nameOf(tool)
    const buttons = [
      ...(name === chosen ? [Primary] : []),
      ...(name === 'window' ? [Secondary] : []),
      ...(name === 'pan' ? [Auxiliary] : []),
    ]
    // Once active with other buttons, a tool keeps those until it was passive.
    group?.setToolPassive(toolName, { removeAllBindings: true })
    if (buttons.length > 0)
      group?.setToolActive(toolName, { bindings: buttons.map((mouseButton) => ({ mouseButton })) })
  }
}

export function addViewport(
  engine: core.RenderingEngine,
  element: HTMLDivElement,
): core.Types.IStackViewport {
  const viewportId = `pane-${++made}`
  engine.enableElement({
    viewportId,
    element,
    type: core.Enums.ViewportType.STACK,
    defaultOptions: { background: [0, 0, 0] },
  })
  tools.ToolGroupManager.getToolGroup(groupId)?.addViewport(viewportId, engine.id)
  return engine.getViewport<core.Types.IStackViewport>(viewportId)
}

export function removeViewport(engine: core.RenderingEngine, viewportId: string): void {
  tools.ToolGroupManager.getToolGroup(groupId)?.removeViewports(engine.id, viewportId)
  engine.disableElement(viewportId)
}

/** Makes a frame known to the loader; its name there. Of an image with many frames the loader looks at the first. */
export function imageIdOf(frame: ViewedFrame): string {
  const [first = frame] = frame.instance.frames
  const known = `wadors:${frameAddress(first)}`
  if (wadors.metaDataManager.get(known) === undefined)
    wadors.metaDataManager.add(known, frame.instance.dataSet as never)
  return `wadors:${frameAddress(frame)}`
}

/** Nothing of a patient stays when the viewer is left. */
export function forgetAll(): void {
  core.cache.purgeCache()
  wadors.metaDataManager.purge()
  tools.annotation.state.removeAllAnnotations()
}

export function clearMeasurements(element: HTMLDivElement): void {
  for (const toolName of toolNamesThere)
    for (const { annotationUID } of tools.annotation.state.getAnnotations(toolName, element) ?? [])
      if (annotationUID !== undefined) tools.annotation.state.removeAnnotation(annotationUID)
}
