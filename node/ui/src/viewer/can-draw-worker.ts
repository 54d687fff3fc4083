import { hasWebGl } from './surface.ts'

/** Tries WebGL 2 beside the page: where software does it, to start it stands still for seconds. */
postMessage(hasWebGl(new OffscreenCanvas(1, 1)))
