/** Tries WebGL 2 beside the page: where software does it, to start it stands still for seconds. */
function tryWebGl(): boolean {
  try {
    const context = new OffscreenCanvas(1, 1).getContext('webgl2')
    context?.getExtension('WEBGL_lose_context')?.loseContext()
    return context !== null
  } catch {
    return false
  }
}

postMessage(tryWebGl())
